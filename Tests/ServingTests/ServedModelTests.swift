import Foundation
import Graphs
import Identity
import ModelFiles
import Serving
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

@Suite(.serialized) struct ServedModelTests {
  private let model: ModelFile
  private let x = SmallModels.numbers([2, 4])
  private let plain: Tensor<Float>

  init() throws {
    let parts = SmallModels.perceptron()
    model = try ModelFile(
      graph: parts.graph, weights: parts.weights, provenance: .init(creator: "test", dataset: "none", source: "none"))
    plain = try SecretPredictor.plain(model, x)
  }

  private func expect(_ exitCode: Int, _ word: String, _ body: () async throws -> Void) async {
    do {
      try await body()
      Issue.record("what should be refused was not: \(word)")
    } catch {
      #expect((error as? ServingError)?.exitCode == exitCode, "\(error)")
      #expect("\(error)".contains(word), "\(error)")
    }
  }

  private func ask(_ client: ClusterClient, _ name: String = "m") async throws {
    let answer = try await client.query(try await client.card(of: name), x)
    for (secret, clear) in zip(answer.output.scalars, plain.scalars) { #expect(abs(secret - clear) < 1e-3) }
  }

  /// Oracle: the terms, by hand; a query of two examples counts two.
  @Test func termsAreHeldAndSurviveRestarts() async throws {
    try await withFolder { folder in
      let cluster = try await StoredCluster(in: folder)
      defer { cluster.stop() }
      let (owner, alice, bob) = try (cluster.identity("owner"), cluster.identity("alice"), cluster.identity("bob"))
      try await cluster.with(owner) { client in
        try await client.share(
          model, named: "m", fractionBits: 16, terms: ModelTerms(requests: 9, requestsPerClient: 4))
      }
      try await cluster.with(alice) { client in
        try await ask(client)
        await expect(4, "owner", { try await client.withdraw("m") })
        await expect(4, "owner", { try await client.share(model, named: "m", fractionBits: 16) })
        #expect(try await client.models().map(\.requestsLeft) == [2])
      }
      for party in [1, 0, 2] {
        await cluster.kill(party)
        try await cluster.start(party)
      }
      // What is asked while the parties find each other again waits for them.
      try await cluster.with(alice) { client in
        try await ask(client)
        await expect(4, "0 of its 4 requests", { try await ask(client) })
      }
      try await cluster.with(bob) { client in
        for _ in 0..<2 { try await ask(client) }
        await expect(4, "bob", { try await ask(client) })
      }
      try await cluster.with(owner) { client in
        await expect(4, "answers 1 more", { try await ask(client) })
        let listing = try #require(try await client.models().first { $0.name == "m" })
        #expect(listing.details?.requests == 8 && listing.details?.requestsByClient.count == 2)
        // Shared again, it is another model: counts begin anew.
        try await client.share(model, named: "m", fractionBits: 16)
        try await ask(client)
        try await client.withdraw("m")
        await expect(2, "no model", { try await ask(client) })
      }
    }
  }

  /// Oracle: of five examples a day, one is left after two queries of two, also when all parties have started again.
  @Test func ratesSurviveRestarts() async throws {
    try await withFolder { folder in
      let cluster = try await StoredCluster(in: folder)
      defer { cluster.stop() }
      let owner = try cluster.identity("owner")
      let rate = ModelTerms(rate: .init(count: 5, seconds: 86_400))
      try await cluster.with(owner) { client in
        try await client.share(model, named: "m", fractionBits: 16, terms: rate)
        for _ in 0..<2 { try await ask(client) }
      }
      for party in 0..<3 {
        await cluster.kill(party)
        try await cluster.start(party)
      }
      try await cluster.with(owner) { client in await expect(4, "more often", { try await ask(client) }) }
    }
  }

  /// A file that is not what the party put there is named and refused; the other models are served.
  @Test(arguments: ["flipped", "truncated", "swapped", "rolled back", "missing"])
  func filesThatWereChangedAreRefused(how: String) async throws {
    try await withFolder { folder in
      let cluster = try await StoredCluster(in: folder)
      defer { cluster.stop() }
      let owner = try cluster.identity("owner")
      let path = URL(fileURLWithPath: cluster.file("m", of: 1))
      try await cluster.with(owner) { client in
        for name in ["m", "other"] { try await client.share(model, named: name, fractionBits: 16) }
        let old = try Data(contentsOf: path)
        try await client.share(model, named: "m", fractionBits: 16)
        var bytes = try Data(contentsOf: path)
        await cluster.kill(1)
        switch how {
        case "flipped": bytes[bytes.count / 2] ^= 1
        case "truncated": bytes = bytes.dropLast(9)
        case "swapped": bytes = try Data(contentsOf: URL(fileURLWithPath: cluster.file("other", of: 1)))
        case "rolled back": bytes = old
        default: bytes = Data()
        }
        try bytes.isEmpty ? FileManager.default.removeItem(at: path) : bytes.write(to: path)
      }
      try await cluster.start(1)
      try await cluster.with(owner) { client in
        try await ask(client, "other")
        await expect(5, "party 1", { try await ask(client) })
        #expect(try await client.models().map { $0.fault != nil } == [true, false])
        try await client.share(model, named: "m", fractionBits: 16)
        try await ask(client)
      }
    }
  }

  /// A client of its own, written by docs/SERVING.md: asks twice by one name, and brings a share to some parties only.
  @Test func replaysAndHalfSentQueriesHoldUpNobody() async throws {
    try await withFolder { folder in
      let cluster = try await StoredCluster(in: folder, deadline: .seconds(5))
      defer { cluster.stop() }
      let (owner, mallory) = try (cluster.identity("owner"), cluster.identity("mallory"))
      let loop = SocketLoop(name: "mallory", spin: .zero)
      defer { loop.shutdown() }
      try await cluster.with(owner) { client in
        try await client.share(model, named: "m", fractionBits: 16)
        var calls: [FrameConnection] = []
        for party in 0..<3 { calls.append(try await cluster.call(party, as: mallory, loop: loop)) }
        // Which keys follow, the keys, and the words of component 2 where the party holds it.
        let key = [UInt8](repeating: 7, count: 16)
        let words = [UInt8](repeating: 7, count: 4 * 8)
        let inputs: [[UInt8]] = [[3] + key + key, [2] + key + words, [1] + key + words]
        func ask(_ party: Int, _ id: String) async throws {
          let control = #"{"query":{"id":"\#(id)","model":"m","batch":1}}"#
          try await calls[party].send(StoredCluster.frame(control, body: inputs[party]))
        }
        for _ in 0..<2 {
          for party in 0..<3 { try await ask(party, "feed") }
        }
        for (party, call) in calls.enumerated() {
          #expect(try await StoredCluster.text(call.receive(within: .seconds(60))).contains("answer"))
          // The other parties may hear from party 0 that it refuses before they have the second query.
          let second = try await StoredCluster.text(call.receive(within: .seconds(60)))
          #expect(
            second.contains("answered before") || (party > 0 && second.contains(#"{"declined":{"by":0}}"#)), "\(second)"
          )
        }
        try await ask(0, "half")
        try await ask(2, "other-half")
        for _ in 0..<5 { try await self.ask(client) }
        #expect(try await StoredCluster.text(calls[0].receive(within: .seconds(60))).contains("did not bring"))
      }
    }
  }

  /// No two sessions of the same parties under the same name have a key in common; within one, steps count up, and
  /// `CounterTests` hold that no counter is used twice. So no pair of key and counter comes twice, restarts included.
  @Test func sessionsNeverShareAKey() async throws {
    let keys = try await withThrowingTaskGroup(of: [[UInt8]].self) { group in
      for _ in 0..<50 {
        for channel in MemoryMesh.channels(partyCount: 3, deadline: .seconds(20)) {
          group.addTask {
            let secrets = try await ReplicatedScheme.agree(over: channel, session: "again")
            return [secrets.first]
          }
        }
      }
      var keys: [[UInt8]] = []
      for try await found in group { keys += found }
      return keys
    }
    // Each party's first key is that of its pair with the previous one: three keys a session.
    #expect(Set(keys).count == 150)
  }
}
