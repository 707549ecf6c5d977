import Foundation
import Links
import RemoteTensors
import Tensors
import Testing

/// Messages that no client of ours would send: each gets one sentence, and the next good one its answer.
@Suite struct HostileClientTests {
  /// What a worker answers to a header in JSON.
  private func answer(_ link: any Link, _ header: String, _ body: LinkBody = .none) async throws -> String {
    try await link.send(LinkMessage(header: Array(header.utf8), body: body))
    return String(decoding: try await link.receive(within: .seconds(60)).header, as: UTF8.self)
  }

  private func ask(_ ask: String) -> String { "{\"number\":1,\"forget\":[],\"ask\":\(ask)}" }

  private func exitCode(_ reply: String) -> Int? {
    reply.firstMatch(of: /"exitCode":(\d+)/).flatMap { Int($0.1) }
  }

  private func id(_ reply: String) throws -> String {
    String(try #require(reply.firstMatch(of: /"id":"([0-9a-f]{32})"/)).1)
  }

  private static let put = "{\"put\":{\"_0\":[2]}}"

  /// Programs with one input of shape [2], as nodes and outputs.
  private static func program(_ nodes: String, outputs: String = "[1]") -> String {
    let input = "{\"operation\":{\"input\":{\"_0\":\"x\"}},\"shape\":[2]}"
    return "{\"nodes\":[\(input)\(nodes.isEmpty ? "" : ",")\(nodes)],\"outputs\":\(outputs)}"
  }

  private static func run(_ program: String, _ id: String) -> String {
    "{\"run\":{\"_0\":\(program),\"inputs\":{\"x\":\"\(id)\"}}}"
  }

  private static let malformed: [String] = [
    "", "{}", "null", "[]", "{\"number\":1}", "{\"number\":1,\"forget\":[],\"ask\":{\"steal\":{}}}",
    "{\"number\":1,\"forget\":[],\"ask\":{\"put\":{\"_0\":[-1]}}}",
    "{\"number\":1,\"forget\":[],\"ask\":{\"put\":{\"_0\":[9223372036854775807,9223372036854775807]}}}",
    "{\"number\":1,\"forget\":[],\"ask\":{\"put\":{\"_0\":[1,1,1,1,1,1,1,1,1]}}}",
    "{\"number\":1e400,\"forget\":[],\"ask\":{\"catalogue\":{}}}",
    "{\"number\":1,\"forget\":[],\"ask\":{\"scale\":{\"id\":\"\",\"by\":1e400}}}",
    String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
    "{\"number\":1,\"forget\":[" + String(repeating: "\"\",", count: 10), "\u{0}\u{1}\u{ff}",
    "{\"number\":1,\"forget\":[],\"ask\":{\"get\":{\"id\":\"\u{0}\"}}}",
  ]

  @Test(arguments: malformed.indices)
  func refusesMalformedHeaders(_ index: Int) async throws {
    try await withHouse { house in
      let link = try await house.dial("ann", .alice)
      let reply = try await answer(link, Self.malformed[index])
      #expect(exitCode(reply) == 2, "\(reply)")
      #expect(reply.utf8.count < 400)
      #expect(try await answer(link, ask(Self.put), .floats([1, 2])).contains("tensors"))
    }
  }

  @Test(arguments: [
    LinkBody.none, .floats([1]), .floats([1, 2, 3]), .bytes([1, 2, 3, 4, 5, 6, 7, 8]), .words32([1, 2]), .words64([1]),
  ])
  func refusesBodiesThatDoNotFit(_ body: LinkBody) async throws {
    try await withHouse { house in
      let link = try await house.dial("ann", .alice)
      #expect(exitCode(try await answer(link, ask(Self.put), body)) == 2)
      #expect(await house.store(.alice).tensorCount == 0)
    }
  }

  private static let programs: [String] = [
    program("", outputs: "[0,1]"), program("", outputs: "[-1]"), program("", outputs: "[]"),
    program("{\"operation\":{\"add\":{}},\"operands\":[0]}"),
    program("{\"operation\":{\"add\":{}},\"operands\":[0,1]}"),
    program("{\"operation\":{\"add\":{}},\"operands\":[0,-1]}"),
    program("{\"operation\":{\"relu\":{}},\"operands\":[9223372036854775807]}"),
    program("{\"operation\":{\"sum\":{\"axes\":[-1]}},\"operands\":[0]}"),
    program("{\"operation\":{\"sum\":{\"axes\":[0,0]}},\"operands\":[0]}"),
    program("{\"operation\":{\"max\":{\"axis\":1}},\"operands\":[0]}"),
    program("{\"operation\":{\"gather\":{\"axis\":0,\"indices\":[2]}},\"operands\":[0]}"),
    program("{\"operation\":{\"gather\":{\"axis\":0,\"indices\":[]}},\"operands\":[0]}"),
    program("{\"operation\":{\"slice\":{\"axis\":0,\"start\":1,\"end\":1}},\"operands\":[0]}"),
    program("{\"operation\":{\"slice\":{\"axis\":0,\"start\":-1,\"end\":1}},\"operands\":[0]}"),
    program("{\"operation\":{\"pad\":{\"axis\":0,\"before\":9223372036854775807,\"after\":1}},\"operands\":[0]}"),
    program("{\"operation\":{\"pad\":{\"axis\":0,\"before\":1000000000,\"after\":1}},\"operands\":[0]}"),
    program("{\"operation\":{\"broadcast\":{\"_0\":[1099511627776,2]}},\"operands\":[0]}"),
    program("{\"operation\":{\"broadcast\":{\"_0\":[100000000,2]}},\"operands\":[0]}"),
    program("{\"operation\":{\"reshape\":{\"_0\":[-1,-1]}},\"operands\":[0]}"),
    program("{\"operation\":{\"reshape\":{\"_0\":[0,-1]}},\"operands\":[0]}"),
    program("{\"operation\":{\"transpose\":{\"_0\":[1]}},\"operands\":[0]}"),
    program("{\"operation\":{\"power\":{\"_0\":1000000}},\"operands\":[0]}"),
    program("{\"operation\":{\"matmul\":{\"transposeLeft\":false,\"transposeRight\":true}},\"operands\":[0,0]}"),
    program("{\"operation\":{\"input\":{\"_0\":\"x\"}},\"shape\":[2]}"),
    program("{\"operation\":{\"input\":{\"_0\":\"other\"}},\"shape\":[2]}"),
    program("{\"operation\":{\"input\":{\"_0\":\"\\u0000other\"}},\"shape\":[2]}"),
    program("{\"operation\":{\"input\":{\"_0\":\"other\"}}}"),
    program("{\"operation\":{\"execute\":{\"_0\":\"rm\"}},\"operands\":[0]}"),
    program(
      "{\"operation\":{\"reshape\":{\"_0\":[1,1,2,1]}},\"operands\":[0]},"
        + "{\"operation\":{\"averagePool2d\":{\"_0\":{\"windowHeight\":1,\"windowWidth\":1,\"strideHeight\":0,"
        + "\"strideWidth\":1}}},\"operands\":[1]}", outputs: "[2]"),
    // 2^20 · 2^20 multiplications.
    program(
      "{\"operation\":{\"constant\":{\"_0\":1}},\"shape\":[1048576,16]},"
        + "{\"operation\":{\"matmul\":{\"transposeLeft\":false,\"transposeRight\":true}},\"operands\":[1,1]}",
      outputs: "[2]"),
    program(
      (0..<12_000).map { "{\"operation\":{\"relu\":{}},\"operands\":[\($0)]}" }.joined(separator: ",")),
  ]

  @Test(arguments: programs.indices)
  func refusesProgramsThatCannotBeRun(_ index: Int) async throws {
    try await withHouse { house in
      let link = try await house.dial("ann", .alice)
      let id = try id(try await answer(link, ask(Self.put), .floats([1, 2])))
      let reply = try await answer(link, ask(Self.run(Self.programs[index], id)))
      #expect(exitCode(reply) == 2, "\(reply)")
      let good = Self.program("{\"operation\":{\"relu\":{}},\"operands\":[0]}")
      #expect(try await answer(link, ask(Self.run(good, id))).contains("tensors"))
      #expect(await house.store(.alice).tensorCount == 2)
    }
  }

  @Test(arguments: Medium.allCases)
  func idsOfOtherClientsAreUnknown(over medium: Medium) async throws {
    try await withHouse(over: medium) { house in
      let owner = try await house.dial("ann", .alice)
      let id = try id(try await answer(owner, ask(Self.put), .floats([1, 2])))
      let thief = try await house.dial("ben", .alice)
      let stolen = try await answer(thief, ask("{\"get\":{\"id\":\"\(id)\"}}"))
      let unknown = try await answer(thief, ask("{\"get\":{\"id\":\"\(String(repeating: "0", count: 32))\"}}"))
      #expect(exitCode(stolen) == 2)
      // The keys of JSON objects have no order.
      #expect(stolen.utf8.sorted() == unknown.utf8.sorted())
      _ = try await answer(thief, "{\"number\":1,\"forget\":[\"\(id)\"],\"ask\":{\"nothing\":{}}}")
      #expect(try await answer(owner, ask("{\"get\":{\"id\":\"\(id)\"}}")).contains("value"))
    }
  }

  @Test(arguments: Medium.allCases)
  func clientsHandNothingOver(over medium: Medium) async throws {
    try await withHouse(over: medium) { house in
      let link = try await house.dial("ann", .alice)
      let deposit = "{\"deposit\":{\"_0\":{\"client\":[1],\"shape\":[2],\"form\":{\"clear\":{\"isBorrowed\":false}}}}}"
      #expect(exitCode(try await answer(link, ask(deposit), .floats([1, 2]))) == 4)
    }
  }

  @Test func limitsHold() async throws {
    var limits = StoreLimits()
    (limits.tensorsPerClient, limits.bytesPerClient, limits.clientCount, limits.logCount) = (4, 4000, 3, 5)
    try await withHouse([:], limits: limits) { house in
      // Alice's two fellow workers are clients as well.
      let ann = try await house.connect("ann", .alice)
      let large = await refusal { _ = try await Tensor<Float>(repeating: 0, shape: [1001]).send(to: ann) }
      #expect(large?.exitCode == 3 || large?.exitCode == 2)
      let kept = try await Tensor<Float>(repeating: 0, shape: [900]).send(to: ann)
      #expect(await refusal { _ = try await kept + kept }?.exitCode == 2)
      var small: [RemoteTensor] = []
      for _ in 0..<3 { small.append(try await Tensor<Float>(repeating: 0, shape: [1]).send(to: ann)) }
      #expect(await refusal { _ = try await small[0] + small[1] }?.exitCode == 2)
      let ben = try await house.connect("ben", .alice)
      #expect(await refusal { _ = try await ben.catalogue() }?.exitCode == 3)
      for _ in 0..<10 { _ = await refusal { _ = try await ann.tensor(named: "none") } }
      #expect(await house.store(.alice).log.count == 5)
      await ann.close()
    }
  }
}
