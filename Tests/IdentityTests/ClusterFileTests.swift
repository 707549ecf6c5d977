import Foundation
import Identity
import Testing

@Suite struct ClusterFileTests {
  private static func text(_ extra: String = "", address: String = "127.0.0.1:9001", name: String = "p0") -> String {
    """
    parties:
      - {name: \(name), address: "\(address)", certificate: \(String(repeating: "0a", count: 32))}
      - {name: p1, address: "[::1]:9002", certificate: \(String(repeating: "1b", count: 32))}
      - name: p2
        address: example.org:9003
        certificate: \(String(repeating: "7e", count: 32))
    \(extra)
    """
  }

  private func reason(of text: String) -> String? {
    do {
      _ = try ClusterFile(parsing: text)
      return nil
    } catch {
      return error.description
    }
  }

  @Test func aFileIsReadAsItStands() throws {
    let file = try ClusterFile(parsing: Self.text("deadlineSeconds: 2.5\nauthority: a.pem\n"))
    #expect(file.parties.map(\.host) == ["127.0.0.1", "::1", "example.org"])
    #expect(file.parties.map(\.port) == [9001, 9002, 9003])
    #expect(file.parties.map(\.name) == ["p0", "p1", "p2"])
    #expect(file.parties[2].certificate == [UInt8](repeating: 0x7E, count: 32))
    #expect(file.deadline == .milliseconds(2500))
    #expect(file.authority == "a.pem")
    #expect(file.index(ofCertificate: [UInt8](repeating: 0x1B, count: 32)) == 1)
    try file.validate(partyCount: 3)
    #expect(throws: IdentityError.self) { try file.validate(partyCount: 2) }
  }

  @Test func whatIsWrittenIsRead() async throws {
    var file = try ClusterFile(parsing: Self.text("deadlineSeconds: 60\n"))
    file.parties[0].name = "it's: #1"
    file.authority = "a: 'b'"
    #expect(try ClusterFile(parsing: file.yaml) == file)
    try await withScratchFolder { folder in
      try file.save(to: folder + "/cluster.yaml")
      #expect(try ClusterFile.load(from: folder + "/cluster.yaml") == file)
      #expect(throws: IdentityError.exists(path: folder + "/cluster.yaml")) {
        try file.save(to: folder + "/cluster.yaml")
      }
    }
  }

  @Test func theSchemeIsThatOfTheFile() throws {
    let dealer = "dealer: {name: d, address: 'd:1', certificate: \(String(repeating: "2c", count: 32))}\n"
    #expect(try ClusterFile(parsing: Self.text()).scheme == .replicated)
    #expect(try ClusterFile(parsing: Self.text(dealer)).scheme == .additive)
    let file = try ClusterFile(parsing: Self.text(dealer + "scheme: spdz\n"))
    #expect(try file.scheme == .spdz && ClusterFile(parsing: file.yaml) == file)
    let checking = try ClusterFile(parsing: Self.text("scheme: replicated-malicious\n"))
    #expect(try checking.scheme == .replicatedMalicious && ClusterFile(parsing: checking.yaml) == checking)
  }

  @Test func unknownKeysNameTheNearestKnownOne() {
    #expect(
      reason(of: Self.text("deadline: 3"))
        == "the cluster file has an unknown key “deadline” at the top level; did you mean “deadlineSeconds”?")
    #expect(
      reason(of: "parties:\n  - {nmae: a, address: 'a:1', certificate: ''}")
        == "the cluster file has an unknown key “nmae” in party 0; did you mean “name”?")
    #expect(
      reason(of: Self.text("colour: red"))
        == "the cluster file has an unknown key “colour” at the top level; remove it")
  }

  /// Files with one mistake each, and a word of the sentence that it earns.
  private static let mistakes: [Mistake] = [
    Mistake("", "empty"), Mistake("parties: 3", "must be a list"), Mistake("[1, 2]", "should"),
    Mistake("parties: [", "no YAML"),
    Mistake("parties: []", "lists 0 parties"), Mistake("parties: [3, 4]", "in party 0"),
    Mistake("parties:\n  - {name: a}", "is missing"),
    Mistake("a: &x [*x]", "not valid"), Mistake(text("deadlineSeconds: soon"), "deadlineSeconds"),
    Mistake(text("deadlineSeconds: -1"), "deadlineSeconds"), Mistake(text("deadlineSeconds: 1e400"), "deadlineSeconds"),
    Mistake(text("deadlineSeconds: .nan"), "deadlineSeconds"), Mistake(text("authority: [1]"), "must be text"),
    Mistake(text("deadlineSeconds: 1\ndeadlineSeconds: 2"), "not valid"),
    Mistake(text(address: "127.0.0.1"), "is no address"), Mistake(text(address: "127.0.0.1:0"), "is no address"),
    Mistake(text(address: "127.0.0.1:65536"), "is no address"), Mistake(text(address: ":9001"), "is no address"),
    Mistake(text(address: "::1:9001"), "is no address"),
    Mistake(text(address: "a:99999999999999999999"), "is no address"),
    Mistake(text(address: "a:+1"), "is no address"), Mistake(text(name: "p1"), "two parties have the name p1"),
    Mistake(text(address: "[::1]:9002"), "two parties have the address"), Mistake(text(name: "\"\""), "must be text"),
    Mistake(String(repeating: "[", count: 5000), "nested"), Mistake(String(repeating: "- ", count: 5000), "nested"),
    Mistake(String(repeating: "{a: ", count: 5000), "nested"),
    // A combining mark joins the bracket before it to one character, but not for the parser.
    Mistake(String(repeating: "{\u{301}: ", count: 10_000), "nested"),
    Mistake(String(repeating: "#", count: 70000), "longer"), Mistake(text("scheme: spdz"), "needs a dealer"),
    Mistake(text("scheme: shamir"), "replicated, replicated-malicious, additive or spdz"),
  ]

  struct Mistake: Sendable {
    let text: String
    let expected: String

    init(_ text: String, _ expected: String) {
      self.text = text
      self.expected = expected
    }
  }

  @Test(arguments: mistakes)
  func mistakesAreSentences(_ mistake: Mistake) throws {
    let sentence = try #require(reason(of: mistake.text))
    #expect(sentence.contains(mistake.expected), "\(sentence)")
    #expect(!sentence.contains("\n"))
  }

  @Test(arguments: 0..<100)
  func noiseEndsInAnError(_ seed: UInt64) {
    var state = seed
    let alphabet = Array("parties:[]{}-&*!|>'\"%@`#,? \n\t0a")
    let noise = (0..<200).map { _ -> Character in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return alphabet[Int(state >> 33) % alphabet.count]
    }
    #expect(reason(of: String(noise)) != nil)
  }
}
