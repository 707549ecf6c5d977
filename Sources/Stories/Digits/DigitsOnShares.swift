import Arithmetic
import Datasets
import Identity
import Learning
import ModelFiles
import Serving
import Sharing
import Tensors

/// A model of digits, shared by its owner between alice and bob, whom a client asks about test images; a crypto provider deals what
/// they need for it. Each is a process of this machine.
///
/// - Threat model: semi-honest; alice and bob learn nothing as long as neither works together with the other or with the crypto
///   provider.
struct DigitsOnShares {
  let file: ModelFile
  /// The test images, of which the first `count` are asked about.
  let images: Dataset
  let count: Int
  let executable: String
  let deadline: Duration

  private static let parties = ["alice", "bob"]
  private static let fractionBits = 16
  /// The most images that travel together, and the most bytes dealt for them, which are held in memory.
  private static let batchLimit = (images: 250, dealtByteCount: 96 << 20)

  /// What was answered, in the clear and on shares.
  struct Answers {
    fileprivate var plain: [Tensor<Float>] = []
    fileprivate var plainSeconds = 0.0
    fileprivate var secret: [Prediction] = []
    fileprivate var dealingSeconds = 0.0
    fileprivate var batch = 1

    fileprivate var traffic: Cost { secret.reduce(.none) { $0 + $1.traffic } }
  }

  /// - Parameter inputs: how pixels become what the model takes.
  /// - Throws: what parties throw, and `SharingError.trafficDiffers` where anything else is sent than was planned.
  func ask(_ inputs: (Tensor<Float>) -> Tensor<Float>, _ progress: (String) -> Void) async throws -> Answers {
    let one = try await plan(of: 1)
    let batch = min(
      count, max(1, min(Self.batchLimit.images, Self.batchLimit.dealtByteCount / max(1, one.dealtByteCount))))
    let batches = stride(from: 0, to: count, by: batch).map { start in
      let size = min(batch, count - start)
      return inputs(images.features.sliced(axis: 0, start..<start + size))
        .reshaped(to: Shape([size] + file.exampleShape.extents))
    }
    var answers = Answers()
    let clock = ContinuousClock()
    let start = clock.now
    for batch in batches { answers.plain.append(try SecretPredictor.plain(file, batch)) }
    answers.plainSeconds = (clock.now - start) / .seconds(1)
    var plans: [Int: Cost] = [:]
    for size in Set(batches.map { $0.shape[0] }) { plans[size] = try await plan(of: size) }
    answers.batch = batch
    progress("starting alice, bob and the crypto provider")
    let cluster = try await LocalCluster.start(
      executable: executable, scheme: .additive(partyCount: Self.parties.count), deadline: deadline,
      names: .init(parties: Self.parties, dealer: "crypto-provider"))
    defer { cluster.stop() }
    let terms = ModelTerms(clients: [Hexadecimal.text(cluster.client.fingerprint)])
    let name = try await cluster.asking(as: cluster.owner, patience: deadline) { owner in
      try await owner.share(file, fractionBits: Self.fractionBits, terms: terms)
    }
    try await cluster.asking(patience: deadline) { client in
      let card = try await client.card(of: name)
      for (index, images) in batches.enumerated() {
        progress("asking alice and bob: \(batch * index) of \(count) images")
        let begin = clock.now
        _ = try await client.prepare(name, batch: images.shape[0], runs: 1)
        answers.dealingSeconds += (clock.now - begin) / .seconds(1)
        let answer = try await client.query(card, images)
        if let planned = plans[images.shape[0]], planned != answer.traffic {
          throw SharingError.trafficDiffers(planned: planned, measured: answer.traffic)
        }
        answers.secret.append(answer)
      }
    }
    return answers
  }

  /// What a query of a batch is to take.
  private func plan(of size: Int) async throws -> Cost {
    let bounds = try ValueBounds(file, fractionBits: Self.fractionBits)
    return try await SecurePlan.query(
      try file.graph(batch: size), dataInput: file.inputName, fractionBits: Self.fractionBits, widths: bounds.widths,
      magnitudes: bounds.magnitudes, costs: ClusterScheme.additive(partyCount: Self.parties.count).costs
    ).traffic
  }

  // MARK: Figures

  func table(_ answers: Answers) -> DemoReport.Table {
    let seconds = answers.secret.reduce(0) { $0 + $1.seconds }
    return .init(
      title: "\(count) test images, read in the clear and on shares",
      text: """
        In batches of \(answers.batch), each in \(answers.secret.first?.traffic.rounds ?? 0) rounds. Time is from images in the clear to answers in the clear, at the client; before, it waits \
        \(milliseconds(answers.dealingSeconds)) in all for the crypto provider, who deals \(kilobytes(answers.traffic.dealtByteCount)). Sent is the \
        payload of the client, alice and bob, as planned to the byte. Threat model: parties that follow the protocol, of which no two work \
        together, be it alice, bob or the crypto provider.
        """, measure: .accuracy,
      rows: [
        .init("in the clear", .accuracy, [DemoRun(value: accuracy(answers.plain), seconds: answers.plainSeconds)]),
        .init(
          "on shares", .accuracy,
          [
            DemoRun(
              value: accuracy(answers.secret.map(\.output)), seconds: seconds, bytesSent: answers.traffic.byteCount)
          ]),
      ])
  }

  /// - Parameter accuracy: what is to be reached on shares of all test images, if anything.
  func goals(_ answers: Answers, accuracy goal: Double?) -> [DemoReport.Goal] {
    let secret = answers.secret.map(\.output)
    let differences = zip(secret, answers.plain).map { secret, plain in
      zip(secret.scalars, plain.scalars).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    }
    let labels = zip(secret.flatMap(Self.digits), answers.plain.flatMap(Self.digits))
    let reached: [DemoReport.Goal] = goal.map { [.atLeast($0, accuracy(secret), "accuracy on shares")] } ?? []
    return reached + [
      .atMost(0, Double(labels.count(where: !=)), "labels that differ from those in the clear"),
      .atMost(0.01, Double(differences.max() ?? 1), "largest difference of a probability"),
    ]
  }

  private func accuracy(_ scores: [Tensor<Float>]) -> Double {
    Metrics.accuracy(
      scores: Tensor.concatenated(scores, axis: 0), classes: Array((images.targets.classes ?? []).prefix(count)))
  }

  /// The likeliest digit of each row.
  private static func digits(_ scores: Tensor<Float>) -> [Int] {
    let (scalars, width) = (scores.scalars, scores.shape[1])
    return (0..<scores.shape[0]).map { row in
      (0..<width).max { scalars[width * row + $0] < scalars[width * row + $1] } ?? 0
    }
  }

  // MARK: Who sees what

  static func participants(_ answers: Answers) -> [DemoReport.Participant] {
    let dealt = kilobytes(answers.traffic.dealtByteCount)
    return [
      .init(name: "owner", sees: "the model; no image and no answer"),
      .init(name: "client", sees: "its images and the answers; of the model what goes in and what comes out"),
      .init(
        name: "alice",
        sees: """
          the layers, how large their values may get (roughly), the range of what goes in, how many images are asked about, and words \
          that are uniformly random
          """),
      .init(name: "bob", sees: "the same, and other words; together with alice's they are the model and the images"),
      .init(
        name: "crypto provider",
        sees: """
          the layers, how large their values may get (roughly), and how many images are asked about; no share. It deals \(dealt) of \
          randomness
          """),
    ]
  }

  /// The first two images as the client has them, and the leading byte of each party's words for them, shared afresh for the picture.
  ///
  /// - Parameter inputs: as for ``ask(_:_:)``.
  func pictures(_ inputs: (Tensor<Float>) -> Tensor<Float>) throws -> [Raster] {
    let labels = images.targets.classes ?? []
    return try (0..<min(2, count)).map { row in
      let image = images.features.sliced(axis: 0, row..<row + 1)
      let words = try SecretInput.encode(inputs(image), named: "the image", fractionBits: Self.fractionBits)
      let parcels = AdditiveSharing.parcels(of: [words], partyCount: Self.parties.count)
      let views = try zip(Self.parties, parcels).enumerated().map { party, sent in
        let share = try AdditiveSharing.unpack(
          sent.1, party: party, partyCount: Self.parties.count, shapes: [words.shape])[0]
        return Raster.Image(
          caption: sent.0, width: 28, shades: share.summand.scalars.map { Double($0 >> 56) / 255 })
      }
      let own = Raster.Image(
        caption: "the client: a \(labels[row])", width: 28, shades: image.scalars.map { Double($0) })
      return Raster(
        title: "Image \(row + 1), as the client, alice and bob have it",
        text: "A party's words are uniformly random whatever the image is: here the leading byte of each as a shade.",
        images: [own] + views)
    }
  }
}
