import ArgumentParser
import Foundation
import Tacit

extension DemoCommand {
  struct Digits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "mnist-federated",
      abstract: "Handwritten digits, learned by many workers that keep their own.",
      discussion: """
        Simulates the workers in this process: their training, the cohorts and the averaging are those of real runs, without \
        a network and in the open. Tells the test accuracy after each round; writes report.json and curves.svg.

        Example: tacit demo mnist-federated --data ../shared/data --workers 100 --target 0.97
        """)

    @Option(help: "The folder of data sets; TACIT_DATA where none is given.") var data: String?
    @Option(
      help: """
        2nn (784-200-200-10), cnn (two convolutions, 1,663,370 parameters), linear (784-10), small or \
        medium (a convolution of 8 or 16 channels).
        """) var network = "2nn"
    @Option(help: "How many workers the training images are dealt to.") var workers = 100
    @Option(help: "iid, or the shards of sorted images each worker gets: a number.") var partition = "iid"
    @Option(help: "The share of workers asked in a round.") var cohort = 0.1
    @Option(help: "The most rounds.") var rounds = 100
    @Option(help: "How often a worker goes over its images in a round.") var localEpochs = 1
    @Option(help: "Images a step.") var batch = 10
    @Option(help: "The workers' learning rate.") var learningRate = 0.1
    @Option(help: "constant, or cosine: the learning rate falls over the rounds like half a wave.") var schedule =
      "constant"
    @Option(help: "How weights begin: byLayer (he before ReLU, else glorot), he, glorot or uniform.") var initial =
      InitialWeights.byLayer.rawValue
    @Flag(help: "Centre and scale pixels by the usual constants, 0.1307 and 0.3081.") var standardise = false
    @Option(help: "Stop after the round that reaches this test accuracy.") var target: Double?
    @Option(help: "Hide each worker by noise: the ε of the whole training, at --delta.") var epsilon: Double?
    @Option(help: "δ, with --epsilon.") var delta = 1e-5
    @Option(help: "The clipping norm to begin with, with --epsilon; it follows the median of the updates' lengths.")
    var clip = 1.0
    @Option(help: "Images a worker, in two shards, repeated where there are too few; an even number.") var images: Int?
    @Option(help: "Let the server follow the average update by Adam, at this rate.") var serverRate: Double?
    @Option(help: "The seed of weights, dealing, cohorts and shuffling.") var seed: UInt64 = 1
    @Option(help: "Workers that train at a time.") var threads = 1
    @Option(help: "The folder for the reports.") var output = "runs/demo-mnist-federated"
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
      let folder = try NamedDataset.mnist.folder(flag: data, environment: ProcessInfo.processInfo.environment)
      let line = ProgressLine()
      let report = try await federation().run(folder: folder) { round in
        line.show(
          String(format: "round %d of %d, test accuracy %.2f %%", round.round, rounds, round.accuracy * 100))
      }
      line.clear()
      try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
      let text = try JSONOutput.text(report)
      try Data(text.utf8).write(to: URL(fileURLWithPath: output + "/report.json"), options: .atomic)
      let chart = AccuracyChart(title: report.title, values: report.rounds.map(\.accuracy), target: report.target)
      try Data(chart.svg.utf8).write(to: URL(fileURLWithPath: output + "/curves.svg"), options: .atomic)
      print(json ? text : "\(report.title): \(report.sentence)\n  \(output)/curves.svg shows it")
    }

    private func federation() throws -> DigitsFederation {
      func require(_ isSound: Bool, _ text: String) throws { if !isSound { throw UsageError(text) } }
      guard let network = DigitsNetwork(rawValue: network) else {
        throw UsageError("--network is 2nn, cnn, linear, small or medium, not \"\(self.network)\"")
      }
      guard let initial = InitialWeights(rawValue: initial) else {
        throw UsageError("--initial is byLayer, he, glorot or uniform, not \"\(self.initial)\"")
      }
      let shards = Int(partition)
      try require(partition == "iid" || (1...1000).contains(shards ?? 0), "--partition is iid or a number of shards")
      try require(cohort > 0 && cohort <= 1, "--cohort is above 0 and at most 1, not \(cohort)")
      try require((1...1_000_000).contains(workers), "--workers is between 1 and 1000000, not \(workers)")
      try require((1...100_000).contains(rounds), "--rounds is between 1 and 100000, not \(rounds)")
      try require((1...1000).contains(localEpochs), "--local-epochs is between 1 and 1000, not \(localEpochs)")
      try require((1...60_000).contains(batch), "--batch is between 1 and 60000, not \(batch)")
      try require((1...256).contains(threads), "--threads is between 1 and 256, not \(threads)")
      try require(["constant", "cosine"].contains(schedule), "--schedule is constant or cosine, not \"\(schedule)\"")
      try require(images.map { (2...60_000).contains($0) && $0 % 2 == 0 } ?? true, "--images is even, from 2 to 60000")
      try require(delta > 0 && delta < 1, "--delta is above 0 and below 1, not \(delta)")
      try require(clip >= 1e-9 && clip <= 1e9, "--clip is between 1e-9 and 1e9, not \(clip)")
      try require(epsilon.map { $0 > 0 && $0 <= 1e3 } ?? true, "--epsilon is above 0 and at most 1000")
      try require(serverRate.map { $0 > 0 && $0.isFinite } ?? true, "--server-rate is a positive number")
      var federation = DigitsFederation()
      federation.schedule = schedule == "cosine" ? .cosine() : .constant
      (federation.network, federation.initial) = (network, initial)
      federation.workers = workers
      federation.partition = shards.map { .shards($0) } ?? .iid
      federation.cohort = .fraction(cohort)
      (federation.rounds, federation.localEpochs, federation.batch) = (rounds, localEpochs, batch)
      (federation.learningRate, federation.seed) = (learningRate, seed)
      federation.standardises = standardise
      federation.imagesPerWorker = images
      if let serverRate { federation.strategy = .fedAdam(.init(learningRate: serverRate)) }
      if let epsilon {
        federation.privacy = PrivacyPart(
          unit: .client, clipping: .adaptive(.init(norm: clip)), noise: .targetEpsilon(epsilon), delta: delta)
      }
      (federation.target, federation.threads) = (target, threads)
      return federation
    }
  }
}
