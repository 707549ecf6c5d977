import Crypto
import Tacit
import Testing

@Suite struct LearningLessons {
  @Test func aGradientTellsARow() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [1, 3])
    let w = builder.input("w", [3, 1])
    let b = builder.input("b", [1])
    let loss = (x.matmul(w) + b.broadcast(to: [1, 1])).power(2).sum(axes: [0, 1])
    let gradients = builder.build(try loss.gradients(by: [w, b]))

    // A worker computes them on one patient, and sends them.
    let patient = Tensor<Float>(shape: [1, 3], scalars: [0.2, 0.5, 0.9])
    let sent = try PlainEngine().run(
      gradients,
      inputs: [
        "x": patient, "w": Tensor(shape: [3, 1], scalars: [1, -1, 2]), "b": Tensor(repeating: 0.1, shape: [1]),
      ])

    // Whoever receives them divides the one by the other.
    let recovered = sent[0].scalars.map { $0 / sent[1].scalars[0] }
    #expect(zip(recovered, patient.scalars).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func averaging() throws {
    // What two banks learned, of 100 and of 300 rows.
    let updates = [
      Update(vector: [1, 0], exampleCount: 100),
      Update(vector: [0, 2], exampleCount: 300),
    ]
    var state = ServerState()
    let strategy = ServerStrategy.averaging(FederatedAveraging())
    let next = try strategy.aggregate(updates, into: [10, 10], state: &state)
    #expect(next == [10.25, 11.5])
  }

  @Test func simulation() async throws {
    let data = try SyntheticCredit.dataset().prepared(test: 0.2, seed: 7)
    let description = try ModelDescription(
      layers: [.dense(units: 1), .sigmoid], inputShape: [data.train.features.shape[1]])
    let settings = LocalSettings(
      loss: .binaryCrossEntropy, optimizer: .sgd(learningRate: 0.1), batch: 16, epochs: 1, rounds: 10, seed: 7)
    let simulation = try FederatedSimulation(
      description, settings, strategy: .fedAvg, cohort: .fraction(0.5),
      parts: try Partition.dirichlet(0.5).deal(strata: data.train.targets.classes ?? [], workers: 10, seed: 7),
      train: data.train, test: data.test)
    var accuracies: [Double] = []
    _ = try await simulation.run { round in
      accuracies.append(round.accuracy)
      return true
    }
    #expect(accuracies.count == 10 && accuracies[9] > 0.7)
  }

  @Test func pairwiseMasks() {
    // Each pair of clients agrees on a mask, which one of them adds and the other subtracts.
    let inputs: [UInt64] = [3, 4, 5]
    let masks = SecureRandom.words(3)
    let sent = [
      inputs[0] &+ masks[0] &+ masks[1],
      inputs[1] &- masks[0] &+ masks[2],
      inputs[2] &- masks[1] &- masks[2],
    ]
    #expect(sent.reduce(0, &+) == 12)
  }

  @Test func secureAggregation() throws {
    let inputs: [ClientID: [UInt32]] = ["ann": [1, 10], "ben": [2, 20], "cleo": [3, 30]]
    let keys = inputs.mapValues { _ in P256.Signing.PrivateKey() }
    let roster = keys.mapValues(\.publicKey)
    let plan = try AggregationPlan(clientCount: 3, vectorLength: 2, valueBits: 16, minimumClients: 3)

    var clients: [ClientID: AggregationClient] = [:]
    for (name, input) in inputs {
      guard let key = keys[name] else { continue }
      clients[name] = try AggregationClient(
        client: name, signingKey: key, roster: roster, plan: plan, input: input, record: MemoryUnmaskingRecord())
    }
    var server = try AggregationServer(plan: plan, roster: roster, cohort: inputs.keys.sorted())
    var step = AggregationServer.Step.ask(server.begin())
    while case .ask(let questions) = step {
      var replies: [ClientID: [UInt8]] = [:]
      for (name, question) in questions { replies[name] = try clients[name]?.answer(question.bytes) }
      step = try server.receive(replies)
    }
    guard case .finished(let result) = step else { return }
    #expect(result.sum == [6, 60])
  }

  @Test func paillier() throws {
    let key = try PrivateKey.generate(bitCount: 2048)
    let ann = try key.publicKey.encrypt(20)
    let ben = try key.publicKey.encrypt(22)
    // Whoever has the public key alone adds them up.
    let sum = key.publicKey.add(ann, ben)
    #expect(key.decrypt(sum) == 42)
  }

  @Test func thresholdKeys() async throws {
    // Three holders, any two of whom open a sum: the key is nowhere in one piece.
    let (key, shares) = try ThresholdKey.deal(bitCount: 2048, threshold: 2, holders: 3)
    let layout = try PackingLayout(keyBits: 2048, valueBits: 16, summandLimit: 10)
    let encryptor = try PackedEncryptor(key.publicKey, layout: layout)
    let sum = try await PackedCiphertext.sum(
      [try await encryptor.encrypt([1, -2, 3]), try await encryptor.encrypt([10, 20, 30])], under: key.publicKey)
    let opened = try await key.open(
      sum, with: [try await shares[0].decryptionShare(of: sum), try await shares[2].decryptionShare(of: sum)])
    #expect(opened == [11, 18, 33])
  }
}
