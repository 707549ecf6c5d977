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

/// Predictions by parties whose shares have MACs, from an owner's input to its answer.
@Suite struct AuthenticatedPredictionTests {
  private static func options(_ engine: String, parties: Int) throws -> EngineOptions {
    try EngineOptions(
      engine: engine, parties: parties, transport: "memory", fractionBits: 16, repeats: 2, deadline: 300)
  }

  private static func convolution() throws -> ModelFile {
    let parts = SmallModels.convolution()
    return try ModelFile(
      graph: parts.graph, weights: parts.weights, provenance: .init(creator: "test", dataset: "none", source: "none"))
  }

  /// Oracles: the fixed-point result in the clear, and additive parties, which round at random as these do: both within 2⁻¹¹ at
  /// 16 fraction bits; the plan, for rounds, bytes and what is dealt (the predictor compares).
  @Test(arguments: [2, 3]) func predictionsAreThoseOfOtherEngines(parties: Int) async throws {
    let cases: [(ModelFile, Shape)] = [
      (try DealerFixture().model, [3, 4]), (try Self.convolution(), [2, 1, 8, 8]),
    ]
    for (model, shape) in cases {
      let x = SmallModels.numbers(shape)
      let clear = try await ClearPrediction.predict(model, x, fractionBits: 16)
      var outputs: [Tensor<Float>] = []
      for engine in ["spdz", "additive"] {
        let predictor = SecretPredictor(options: try Self.options(engine, parties: parties), executable: "")
        let outcome = try await predictor.predict(model, x)
        outputs.append(outcome.output)
        #expect(outcome.summary.dealtBytes > 0 && outcome.summary.rounds == outcome.summary.planned.rounds)
      }
      for (index, value) in clear.scalars.enumerated() {
        #expect(abs(outputs[0].scalars[index] - value) < 0x1p-11)
        #expect(abs(outputs[0].scalars[index] - outputs[1].scalars[index]) < 0x1p-11)
      }
    }
  }

  /// The plan of all parties together is the plan of each, and what the owner sends.
  @Test(arguments: [2, 3]) func planOfEachPartyAddsUp(parties: Int) async throws {
    let fixture = try DealerFixture()
    let plan = try await SecurePlan.query(
      try fixture.model.graph(batch: 3), dataInput: "x", fractionBits: 16,
      costs: AuthenticatedCosts(partyCount: parties))
    // 12 scalars in and 9 out: words, their products and their masks, and a key for all parties but the last.
    let owner = 16 * (2 * (12 + 1) + 1) + 32 * 9 + 16 * (parties - 1)
    #expect(plan.bytesByParty.reduce(owner, +) == plan.bytesSent)
    #expect(Set(plan.bytesByParty).count == 1 && plan.dealtBytes > 0)
    #expect(plan.layers.reduce(0) { $0 + $1.rounds } == plan.rounds)
  }

  /// A party that deviates in any round after the session has its name: no prediction comes out, and the error is the
  /// documented one wherever there is a check to fail.
  @Test(arguments: [2, 3]) func cheatingPartiesReleaseNothing(parties: Int) async throws {
    let fixture = try DealerFixture()
    for tampering in [Tampering.addError, .tellOnePeer, .replay] {
      for round in [1, 4, 7, 9, 11, 14, 17, 20] {
        let hasCheated = NIOLockedValueBox(false)
        let cheater = round % parties
        let cluster = DealtMemoryCluster(
          of: AuthenticatedScheme.self, partyCount: parties, fractionBits: 16, deadline: .seconds(60)
        ) { base in
          guard base.party == cheater else { return base }
          hasCheated.withLockedValue { $0 = true }
          return TamperingChannel(base, tampering, round: round, seed: 0x1234_5678_9ABC_DEF1 &* UInt64(round))
        }
        do {
          _ = try await cluster.predict(fixture.model, fixture.x, repeats: 1)
          Issue.record("\(tampering) in round \(round) came through")
        } catch SharingError.cheating(let check, let layer, _) {
          let text = "\(SharingError.cheating(check: check, layer: layer))"
          #expect(text.contains(check.description) && text.contains("no output was released"))
          #expect(layer.isEmpty || text.contains("in layer \(layer)"))
        }
        #expect(hasCheated.withLockedValue { $0 })
      }
    }
  }

  /// With identification: the party that tampered is the one that the others name, and the only one but where the two of a pair
  /// contradict each other. Oracle: who it is.
  @Test(arguments: [2, 3]) func cheatingPartiesAreNamed(parties: Int) async throws {
    let fixture = try DealerFixture()
    for tampering in [Tampering.addError, .tellOnePeer, .replay, .copy] {
      for round in [2, 5, 8, 10, 12, 15, 18, 21] {
        let cheater = round % parties
        let cluster = DealtMemoryCluster(
          of: AuthenticatedScheme.self, partyCount: parties, fractionBits: 16, deadline: .seconds(60), identifying: true
        ) { base in
          guard base.party == cheater else { return base }
          return TamperingChannel(base, tampering, round: round, seed: 0x1234_5678_9ABC_DEF1 &* UInt64(round))
        }
        let error = try await #require(throws: SharingError.self) {
          try await cluster.predict(fixture.model, fixture.x, repeats: 1)
        }
        let place = "\(tampering) by \(cheater) in round \(round): \(error)"
        guard let cheat = error.cheat else {
          Issue.record("\(place)")
          continue
        }
        switch cheat.culprit {
        case .party(let found): #expect(found == cheater, "\(place)")
        // Of two parties that name each other, who hears both knows nothing: see below for what is proven.
        case .oneOf(let found): #expect(found.contains(cheater), "\(place)")
        case .unknown: Issue.record("\(place)")
        }
      }
    }
  }

  /// A party that goes on with a share of another weight, and signs what comes of it: it alone is named, and proven guilty. Oracle:
  /// who it is.
  @Test(arguments: [2, 3]) func deviatingPartiesAreProvenGuilty(parties: Int) async throws {
    let fixture = try DealerFixture()
    for cheater in 0..<parties {
      let proofs = NIOLockedValueBox<[(accused: Int, holds: Bool)]>([])
      let cluster = DealtMemoryCluster(
        of: AuthenticatedScheme.self, partyCount: parties, fractionBits: 16, deadline: .seconds(60), identifying: true,
        deviating: cheater,
        accusing: { accusation, holds in proofs.withLockedValue { $0.append((accusation.accused, holds)) } })
      let error = try await #require(throws: SharingError.self) {
        try await cluster.predict(fixture.model, fixture.x, repeats: 1)
      }
      let cheat = try #require(error.cheat)
      #expect(cheat.culprit == .party(cheater) && cheat.check == .words && !cheat.layer.isEmpty, "\(error)")
      let found = proofs.withLockedValue { $0 }
      #expect(!found.isEmpty && found.allSatisfy { $0.accused == cheater && $0.holds })
    }
  }

  /// Honest parties that could be named: the answer and the plan, with what is signed. Other engines and transports refuse.
  @Test(arguments: [2, 3]) func predictionsWithIdentification(parties: Int) async throws {
    func options(_ engine: String, _ transport: String = "memory") throws -> EngineOptions {
      try EngineOptions(
        engine: engine, parties: engine == "replicated" ? 3 : parties, transport: transport, fractionBits: 16,
        repeats: 2, deadline: 300, identify: true)
    }
    let model = try DealerFixture().model
    let x = SmallModels.numbers([3, 4])
    let outcome = try await SecretPredictor(options: try options("spdz"), executable: "").predict(model, x)
    let clear = try await ClearPrediction.predict(model, x, fractionBits: 16)
    for (index, value) in clear.scalars.enumerated() { #expect(abs(outcome.output.scalars[index] - value) < 0x1p-11) }
    #expect(outcome.summary.bytesSent == outcome.summary.planned.bytesSent)
    for (engine, transport) in [("additive", "memory"), ("replicated", "memory"), ("spdz", "tls")] {
      let error = #expect(throws: ServingError.self) { try options(engine, transport) }
      #expect(error.map { "\($0)".contains("--identify") } == true)
    }
  }

  /// Parties and a dealer over TLS: the weights keep their MACs from query to query, queries of two batches share them, and a
  /// party that comes back takes the model over anew. Oracles: the plain engine; the plan.
  @Test(arguments: [2, 3]) func partiesServeOverTLS(parties: Int) async throws {
    let cluster = try AdditiveCluster(parties: parties, scheme: .spdz)
    defer { cluster.stop() }
    try await cluster.startDealer()
    try await cluster.startParties(policy: try StockPolicy(lowWater: 0, batch: 1))
    try await cluster.withClient { client in
      let name = try await client.share(try DealerFixture().model, fractionBits: 16)
      for batch in [3, 3, 1] {
        let fixture = try DealerFixture(batch: batch)
        let plan = try await SecurePlan.query(
          try fixture.model.graph(batch: batch), dataInput: "x", fractionBits: 16,
          costs: AuthenticatedCosts(partyCount: parties))
        let answer = try await fixture.query(client, name)
        fixture.check(answer)
        #expect(answer.traffic == plan.traffic)
      }
    }
  }

  /// What a party that found a cheater tells its clients: the sentence, and the exit code of integrity.
  @Test func clientsHearOfCheaters() {
    let error = SharingError.cheating(check: .words, layer: "dense1")
    let told = ServingError.breaking(error)
    #expect(told.exitCode == 5 && "\(told)" == "\(error)")
  }

  /// Over TLS, a party that tampers with a layer's words or with the weights it was sent: the client is told, with the exit code
  /// of integrity; and the parties form a session with other keys, in which the same client is answered.
  @Test(arguments: [(4, true), (20, false)])
  func clientsOfServersHearOfCheaters(round: Int, spoilsModel: Bool) async throws {
    let fixture = try DealerFixture()
    let cluster = try AdditiveCluster(scheme: .spdz)
    defer { cluster.stop() }
    try await cluster.startDealer()
    let sessions = NIOLockedValueBox(0)
    var observer = PartyObserver()
    observer.wrapping = { channel in
      let isFirst = sessions.withLockedValue { count in
        count += 1
        return count == 1
      }
      guard isFirst else { return channel }
      return TamperingChannel(channel, .addError, round: round, seed: 0x1234_5678_9ABC_DEF1)
    }
    let policy = try StockPolicy(lowWater: 0, batch: 1)
    try await cluster.startParty(0, policy: policy)
    try await cluster.startParty(1, policy: policy, observer: observer)
    try await cluster.withClient { client in
      let name = try await client.share(fixture.model, fractionBits: 16)
      let error = try await #require(throws: ServingError.self) { try await fixture.query(client, name) }
      #expect(error.exitCode == 5 && "\(error)".contains("a party cheated"), "\(error)")
      #expect("\(error)".contains("no output was released"))
      guard !spoilsModel else {
        let refusal = try await #require(throws: ServingError.self) { try await fixture.query(client, name) }
        #expect(refusal.exitCode == 5 && "\(refusal)".contains("share it again"), "\(refusal)")
        return
      }
      fixture.check(try await fixture.query(client, name))
      #expect(sessions.withLockedValue { $0 } >= 2)
    }
  }
}
