import Tacit

/// Decides credit applications between two parties under a sharing scheme of this package's own.
@main struct OwnScheme {
  static func main() async throws {
    let data = try SyntheticCredit.dataset(rows: 300).prepared(test: 0.1, seed: 7)
    let description = try ModelDescription(
      layers: [.dense(units: 16), .relu, .dense(units: 1), .sigmoid], inputShape: [data.train.features.shape[1]])
    let model = try Trainer(
      description, loss: .binaryCrossEntropy, optimizer: .adam(learningRate: 0.01), epochs: 10, batch: 32, seed: 7
    ).train(on: data.train).model

    let questions = data.test.features
    let (secret, rounds) = try await decide(model, questions)
    let clear = try model.predict(questions)
    let error = zip(secret.scalars, clear.scalars).map { abs($0 - $1) }.max() ?? 0
    print("\(clear.count) applications decided by two parties in \(rounds) rounds")
    print("The largest difference from the clear is \(error)")
    guard error < 1e-3 else { throw WrongAnswer() }
  }

  /// The model's answers, computed on summands by two parties that run as tasks over memory channels.
  static func decide(
    _ model: Model, _ questions: Tensor<Float>, fractionBits: Int = 16
  ) async throws -> (answers: Tensor<Float>, rounds: Int) {
    let graph = try model.graph(batch: questions.shape[0])
    var values = model.weights.byName
    values[ModelDescription.inputName] = questions
    // The owners of weights and questions cut them in two: a random summand, and what is missing.
    let summands = try values.mapValues { value in
      let words = try value.encoded(fractionBits: fractionBits).ring
      let first = RingTensor(shape: words.shape, scalars: SecureRandom.words(words.count))
      return [Summand(words: first), Summand(words: words - first)]
    }
    let correlations = Correlations()
    let results = try await withThrowingTaskGroup(of: (RingTensor, Int).self) { group in
      for channel in MemoryMesh.channels(partyCount: 2) {
        group.addTask {
          let scheme = PairScheme(over: channel, correlations: correlations)
          let output = try await SecureEngine(scheme, fractionBits: fractionBits)
            .run(graph, inputs: summands.mapValues { $0[channel.party] })
          return (output[0].words, scheme.rounds)
        }
      }
      var results: [(RingTensor, Int)] = []
      for try await result in group { results.append(result) }
      return results
    }
    // Whoever asked adds up what both parties have.
    let sum = results[0].0 + results[1].0
    return (FixedTensor(ring: sum, fractionBits: fractionBits).decoded(), results[0].1)
  }

  struct WrongAnswer: Error {}
}
