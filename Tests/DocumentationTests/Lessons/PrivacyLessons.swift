import Tacit
import Testing

@Suite struct PrivacyLessons {
  @Test func localPrivacy() throws {
    // Everybody answers for themselves, and may have lied.
    let response = try RandomisedResponse(count: 2, epsilon: Ratio(1, 1))
    let truth = (0..<1000).map { $0 % 4 == 0 ? 1 : 0 }
    let answers = truth.map { response.answer($0) }
    #expect(answers.allSatisfy { [0, 1].contains($0) })
  }

  @Test func globalPrivacy() throws {
    // A count that one person changes by one, told once.
    let mechanism = try LaplaceMechanism(epsilon: 0.5, wholeNumbersApart: 1)
    let told = mechanism.release(120)
    #expect(abs(told - 120) < 100)
  }

  @Test func accounting() throws {
    // A thousand steps, each on a hundredth of the rows: noise of 1.1 times the clip.
    let training = PrivacyEvent.privateTraining(samplingRate: 0.01, noiseMultiplier: 1.1, steps: 1000)
    let epsilon = try LossAccountant().epsilon(of: training, delta: 1e-5)
    #expect((1.5..<2).contains(epsilon))

    // The bound by Rényi divergences is a little larger; adding up the steps' own budgets would be useless.
    let renyi = try RenyiAccountant().epsilon(of: training, delta: 1e-5)
    #expect(renyi > epsilon && renyi < 2.5)

    // What is released besides counts, too.
    let all = PrivacyEvent.composed([training, .laplace(noiseMultiplier: 2)])
    #expect(try LossAccountant().epsilon(of: all, delta: 1e-5) > epsilon)
  }

  @Test func calibration() throws {
    let budget = try Calibration(accountant: LossAccountant(), epsilon: 3, delta: 1e-5)
    let noise = try budget.noiseMultiplier {
      .privateTraining(samplingRate: 0.05, noiseMultiplier: $0, steps: 400)
    }
    #expect((0.5..<5).contains(noise))
  }

  @Test func privateTraining() throws {
    let data = try SyntheticCredit.dataset().prepared(test: 0.2, seed: 7)
    let description = try ModelDescription(
      layers: [.dense(units: 1), .sigmoid], inputShape: [data.train.features.shape[1]])
    let trainer = try Trainer(
      description, loss: .binaryCrossEntropy, optimizer: .sgd(learningRate: 0.5), epochs: 20, batch: 64, seed: 7)

    let privacy = ExamplePrivacy(clipping: .flat(norm: 1), noiseMultiplier: 2)
    let result = try PrivateTrainer(trainer, privacy: privacy).train(
      features: data.train.features, targets: data.train.targets.tensor)
    let epsilon = try LossAccountant().epsilon(of: result.event, delta: 1e-5)
    #expect((1..<8).contains(epsilon))
  }
}
