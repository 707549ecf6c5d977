import Graphs
import Identity
import ModelFiles
import NIOConcurrencyHelpers
import Serving
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

/// Predictions by replicated parties whose products are checked, from an owner's input to its answer.
@Suite struct CheckedPredictionTests {
  private static func options(_ engine: String) throws -> EngineOptions {
    try EngineOptions(
      engine: engine, parties: 3, transport: "memory", fractionBits: 16, repeats: 2, deadline: 300)
  }

  private static func convolution() throws -> ModelFile {
    let parts = SmallModels.convolution()
    return try ModelFile(
      graph: parts.graph, weights: parts.weights, provenance: .init(creator: "test", dataset: "none", source: "none"))
  }

  /// Oracles: the fixed-point result in the clear, and semi-honest parties, which round at random as these do: both within
  /// 2⁻¹¹ at 16 fraction bits; the plan, for rounds and bytes (the predictor compares).
  @Test func predictionsAreThoseOfOtherEngines() async throws {
    let cases: [(ModelFile, Shape)] = [
      (try DealerFixture().model, [3, 4]), (try Self.convolution(), [2, 1, 8, 8]),
    ]
    for (model, shape) in cases {
      let x = SmallModels.numbers(shape)
      let clear = try await ClearPrediction.predict(model, x, fractionBits: 16)
      var outputs: [Tensor<Float>] = []
      for engine in ["replicated-malicious", "replicated"] {
        let predictor = SecretPredictor(options: try Self.options(engine), executable: "")
        let outcome = try await predictor.predict(model, x)
        outputs.append(outcome.output)
        #expect(outcome.summary.rounds == outcome.summary.planned.rounds && outcome.summary.dealtBytes == 0)
      }
      for (index, value) in clear.scalars.enumerated() {
        #expect(abs(outputs[0].scalars[index] - value) < 0x1p-11)
        #expect(abs(outputs[0].scalars[index] - outputs[1].scalars[index]) < 0x1p-11)
      }
    }
  }

  /// The plan of all parties together is the plan of each, and what the owner sends.
  @Test func planOfEachPartyAddsUp() async throws {
    let fixture = try DealerFixture()
    let plan = try await SecurePlan.query(
      try fixture.model.graph(batch: 3), dataInput: "x", fractionBits: 16, costs: CheckedCosts())
    // 12 scalars in and 9 out: words and masks for two parties each, and four keys.
    #expect(plan.bytesByParty.reduce(16 * (12 + 9) + 64, +) == plan.bytesSent)
    #expect(Set(plan.bytesByParty).count == 1 && plan.dealtBytes == 0)
  }

  /// A party that deviates in any round before the answer is opened: no prediction comes out, and the error is the documented
  /// one.
  @Test func cheatingPartiesReleaseNothing() async throws {
    let fixture = try DealerFixture()
    for tampering in [Tampering.tellOnePeer, .replay] {
      for round in stride(from: 4, through: 40, by: 3) {
        let cheater = round % 3
        let cluster = CheckedMemoryCluster(fractionBits: 16) { base in
          guard base.party == cheater else { return base }
          return TamperingChannel(base, tampering, round: round, seed: UInt64(round % 8))
        }
        do {
          _ = try await cluster.predict(fixture.model, fixture.x, repeats: 1)
          Issue.record("\(tampering) in round \(round) came through")
        } catch SharingError.cheating(let check, let layer, _) {
          let text = "\(SharingError.cheating(check: check, layer: layer))"
          #expect(text.contains(check.description) && text.contains("no output was released"))
        }
      }
    }
  }

  /// Parties over TLS: the weights are compared once, queries of two batches share them. Oracles: the plain
  /// engine; the plan.
  @Test func partiesServeOverTLS() async throws {
    let cluster = try AdditiveCluster(parties: 3, scheme: .replicatedMalicious)
    defer { cluster.stop() }
    try await cluster.startParties()
    try await cluster.withClient { client in
      let name = try await client.share(try DealerFixture().model, fractionBits: 16)
      for batch in [3, 3, 1] {
        let fixture = try DealerFixture(batch: batch)
        let plan = try await SecurePlan.query(
          try fixture.model.graph(batch: batch), dataInput: "x", fractionBits: 16, costs: CheckedCosts())
        let answer = try await fixture.query(client, name)
        fixture.check(answer)
        #expect(answer.traffic == plan.traffic)
      }
    }
  }

  /// Over TLS, a party that tampers: the client is told, with the exit code of integrity; and the parties form a session with
  /// other keys, in which the same client is answered.
  @Test func clientsOfServersHearOfCheaters() async throws {
    let fixture = try DealerFixture()
    let cluster = try AdditiveCluster(parties: 3, scheme: .replicatedMalicious)
    defer { cluster.stop() }
    let sessions = NIOLockedValueBox(0)
    var observer = PartyObserver()
    observer.wrapping = { channel in
      let isFirst = sessions.withLockedValue { count in
        count += 1
        return count == 1
      }
      guard isFirst else { return channel }
      return TamperingChannel(channel, .tellOnePeer, round: 20, seed: 3)
    }
    for party in 0..<3 { try await cluster.startParty(party, observer: party == 1 ? observer : nil) }
    try await cluster.withClient { client in
      let name = try await client.share(fixture.model, fractionBits: 16)
      let error = try await #require(throws: ServingError.self) { try await fixture.query(client, name) }
      #expect(error.exitCode == 5 && "\(error)".contains("a party cheated"), "\(error)")
      fixture.check(try await fixture.query(client, name))
    }
  }

  @Test func otherNumbersOfPartiesAreRefused() {
    #expect(throws: ServingError.self) { try EngineOptions.checked(parties: 4, engine: .replicatedMalicious) }
  }
}
