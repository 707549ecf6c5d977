import Arithmetic
import Foundation
import Identity
import ModelFiles
import Serving
import Tensors
import TestSupport
import Testing
import Transports

/// What a client with a certificate sends that is no request, or half of one.
@Suite struct HostileFrameTests {
  /// Requests as docs/SERVING.md has them, to be damaged.
  private static let seeds: [[UInt8]] = {
    let key = [UInt8](repeating: 7, count: 16)
    let texts = [
      #"{"hello":{"version":7}}"#, #"{"models":{"named":"m"}}"#, #"{"models":{}}"#, #"{"health":{}}"#,
      #"{"query":{"id":"a","model":"m","batch":1,"waits":0.2,"trace":{"traceparent":"00-1-2-01"}}}"#,
      #"{"withdraw":{"model":"other"}}"#, #"{"count":{"dataset":"d","owners":["a"]}}"#,
      #"{"prepare":{"model":"m","batch":1,"runs":1}}"#, #"{"resume":{"id":"x"}}"#, #"{"share":{"_0":{"name":"n"}}}"#,
      #"{"rows":{"_0":{"dataset":"d","rowCount":1,"width":2}}}"#,
    ]
    return texts.map { StoredCluster.frame($0, body: [3] + key + key) }
  }()

  private static func damaged(_ random: inout PublicGenerator) -> [UInt8] {
    var bytes = seeds[Int.random(in: 0..<seeds.count, using: &random)]
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      if Bool.random(using: &random) {
        bytes[place] = UInt8.random(in: 0...255, using: &random)
      } else {
        bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
      }
    }
    return Int.random(in: 0..<5, using: &random) > 0
      ? bytes : Array(bytes.prefix(Int.random(in: 0..<bytes.count, using: &random)))
  }

  /// Callers with a certificate who begin frames and never end them, some of which they say to be of a gibibyte.
  @Test func slowClientsHoldUpNobody() async throws {
    let parts = SmallModels.perceptron()
    let model = try ModelFile(
      graph: parts.graph, weights: parts.weights, provenance: .init(creator: "test", dataset: "none", source: "none"))
    try await withFolder { folder in
      let cluster = try await StoredCluster(in: folder)
      defer { cluster.stop() }
      let (owner, slow) = try (cluster.identity("owner"), cluster.identity("slow"))
      let settings = try slow.tlsSettings(slow.policy(accepting: [.party]))
      var callers: [HostileCaller] = []
      for number in 0..<60 {
        let port = cluster.cluster.parties[number % 3].port
        let caller = try await HostileCaller(port: port, tls: settings, upgrades: false)
        let greeting = [UInt8]([14, 0, 0, 0, 0, 0, 0, 0]) + Array("tacit frames 1".utf8)
        for byte in greeting.prefix(number) { try await caller.send([byte]) }
        if number > greeting.count { try await caller.send([0, 0, 0, number % 2 == 0 ? 0x3F : 0, 1, 0, 0, 0, 7]) }
        callers.append(caller)
      }
      try await cluster.with(owner) { client in
        try await client.share(model, named: "m", fractionBits: 16)
        let card = try await client.card(of: "m")
        for seed in 0..<3 { _ = try await client.query(card, SmallModels.numbers([2, 4], seed: seed)) }
      }
      for caller in callers { await caller.close() }
    }
  }

  /// Oracle: after all of it every party lives, counts nothing of it, and answers a client as in the clear.
  @Test func damagedFramesHarmNobody() async throws {
    let parts = SmallModels.perceptron()
    let model = try ModelFile(
      graph: parts.graph, weights: parts.weights, provenance: .init(creator: "test", dataset: "none", source: "none"))
    let x = SmallModels.numbers([2, 4])
    let plain = try SecretPredictor.plain(model, x)
    var random = PublicGenerator(state: (2, 0, 2, 6))
    let frames = (0..<600).map { _ in Self.damaged(&random) }
    try await withFolder { folder in
      let cluster = try await StoredCluster(in: folder)
      defer { cluster.stop() }
      let (owner, mallory) = try (cluster.identity("owner"), cluster.identity("mallory"))
      let loop = SocketLoop(name: "mallory", spin: .zero)
      defer { loop.shutdown() }
      try await cluster.with(owner) { client in
        try await client.share(model, named: "m", fractionBits: 16, terms: ModelTerms(requests: 9))
        for number in 0..<150 {
          let call = try await cluster.call(number % 3, as: mallory, loop: loop)
          for frame in frames[4 * number..<4 * number + 4] { try? await call.send(frame) }
          await call.close()
        }
        let answer = try await client.query(try await client.card(of: "m"), x)
        for (secret, clear) in zip(answer.output.scalars, plain.scalars) { #expect(abs(secret - clear) < 1e-3) }
        #expect(try await client.models().first?.requestsLeft == 7)
      }
    }
  }
}
