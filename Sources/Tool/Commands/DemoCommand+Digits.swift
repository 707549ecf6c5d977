import ArgumentParser
import Foundation
import Tacit

extension DemoCommand {
  struct Digits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "mnist-federated",
      abstract: "Handwritten digits, learned by many workers that keep their own, and read on shares.",
      discussion: """
        Simulates the workers in this process: their training, the cohorts and the averaging are those of real runs, without \
        a network and in the open. Then shares the model between two party processes, alice and bob, with a crypto provider, \
        and has a client ask them about test images. Takes a minute or two; --queries 0 is the training alone. Writes \
        report.json, report.html and curves.svg.

        Example: tacit demo mnist-federated --data ../shared/data
        Example: tacit demo mnist-federated --data ../shared/data --network 2nn --target 0.97 --queries 0
        """)

    private static let usual = FederatedDigitsStory.usual

    @Option(
      help: """
        2nn (784-200-200-10), cnn (two convolutions, 1,663,370 parameters), lenet (LeNet-5, 61,706 parameters), \
        linear (784-10), small or medium (a convolution of 8 or 16 channels).
        """) var network = Self.usual.network.rawValue
    @Option(help: "How many workers the training images are dealt to.") var workers = 100
    @Option(help: "iid, or the shards of sorted images each worker gets: a number.") var partition = "iid"
    @Option(help: "The share of workers asked in a round.") var cohort = 0.1
    @Option(help: "The most rounds.") var rounds = Self.usual.rounds
    @Option(help: "How often a worker goes over its images in a round.") var localEpochs = Self.usual.localEpochs
    @Option(help: "Images a step.") var batch = Self.usual.batch
    @Option(help: "The workers' learning rate.") var learningRate = Self.usual.learningRate
    @Option(help: "constant, or cosine: the learning rate falls over the rounds like half a wave.") var schedule =
      Self.usual.schedule == .constant ? "constant" : "cosine"
    @Option(help: "How weights begin: byLayer (he before ReLU, else glorot), he, glorot or uniform.") var initial =
      Self.usual.initial.rawValue
    @Flag(help: "Centre and scale pixels by the usual constants, 0.1307 and 0.3081.") var standardise = false
    @Option(help: "Stop after the round that reaches this test accuracy.") var target: Double?
    @Option(help: "Hide each worker by noise: the ε of the whole training, at --delta.") var epsilon: Double?
    @Option(help: "δ, with --epsilon.") var delta = 1e-5
    @Option(help: "The clipping norm to begin with, with --epsilon; it follows the median of the updates' lengths.")
    var clip = 1.0
    @Option(help: "Images a worker, in two shards, repeated where there are too few; an even number.") var images: Int?
    @Option(help: "Let the server follow the average update by Adam, at this rate.") var serverRate: Double?
    @Option(help: "Workers that train at a time.") var threads = Self.usual.threads
    @Option(
      parsing: .unconditional, help: "How many of the test images are asked about on shares; 0 leaves that out.")
    var queries = FederatedDigitsStory.mostQueries
    @OptionGroup var options: DemoOptions

    func run() async throws {
      guard (0...FederatedDigitsStory.mostQueries).contains(queries) else {
        throw UsageError("--queries is between 0 and \(FederatedDigitsStory.mostQueries), not \(queries)")
      }
      let story = FederatedDigitsStory(
        try options.setting(.mnist, splits: 1), federation: try federation(), queries: queries)
      let folder = options.folder(ofDemo: FederatedDigitsStory.name)
      try await options.show { progress in
        try await story.tell(trained: { try draw($0, goal: story.goal, in: folder) }, progress: progress)
      }
    }

    private func draw(_ training: DigitsFederation.Report, goal: Double?, in folder: String) throws {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let chart = AccuracyChart(title: training.title, values: training.rounds.map(\.accuracy), target: goal)
      try Data(chart.svg.utf8).write(to: URL(fileURLWithPath: folder + "/curves.svg"), options: .atomic)
    }

    private func federation() throws -> DigitsFederation {
      func require(_ isSound: Bool, _ text: String) throws { if !isSound { throw UsageError(text) } }
      guard let network = DigitsNetwork(rawValue: network) else {
        throw UsageError("--network is 2nn, cnn, lenet, linear, small or medium, not \"\(self.network)\"")
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
      try require(target.map { $0 > 0 && $0 <= 1 } ?? true, "--target is above 0 and at most 1")
      try require(serverRate.map { $0 > 0 && $0.isFinite } ?? true, "--server-rate is a positive number")
      var federation = DigitsFederation()
      federation.schedule = schedule == "cosine" ? .cosine() : .constant
      (federation.network, federation.initial) = (network, initial)
      federation.workers = workers
      federation.partition = shards.map { .shards($0) } ?? .iid
      federation.cohort = .fraction(cohort)
      (federation.rounds, federation.localEpochs, federation.batch) = (rounds, localEpochs, batch)
      (federation.learningRate, federation.seed) = (learningRate, options.seed)
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
