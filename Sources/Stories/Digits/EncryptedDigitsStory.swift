import Datasets
import Learning
import Serving
import Sharing
import Tensors

/// Handwritten digits learned on secret shares: no party sees an image, a label, a weight or a gradient.
public struct EncryptedDigitsStory: Sendable {
  public var setting: DemoSetting
  public var epochs: Int
  /// Of the hidden layer.
  public var units: Int
  public var batch: Int
  /// Whether two parties with a dealer train it, too.
  public var hasDealer: Bool

  public init(_ setting: DemoSetting, epochs: Int = 3, units: Int = 128, batch: Int = 128, hasDealer: Bool = false) {
    self.setting = setting
    self.epochs = epochs
    self.units = units
    self.batch = batch
    self.hasDealer = hasDealer
  }

  private var job: DemoJob {
    DemoJob(
      set: .mnist, folder: setting.data, layers: "{dense: \(units)}, relu, {dense: 10}, softmax",
      training: """
        epochs: \(epochs), batch: \(batch), loss: softmaxCrossEntropy, schedule: cosine, \
        optimizer: {sgd: {learningRate: 0.1, momentum: 0.9}}
        """)
  }

  /// Tells the story; `progress` hears what is being done.
  ///
  /// - Throws: `DatasetError` where the set is not in the folder, and what a training throws.
  public func tell(progress: @escaping (String) -> Void = { _ in }) async throws -> DemoReport {
    let clock = ContinuousClock()
    let begin = clock.now
    guard case .tensors(let digits, _) = try NamedDataset.mnist.load(from: setting.data) else {
      throw DatasetError.inconsistent("The digits are no images")
    }
    var report = setting.report(
      "mnist-encrypted-training", "Digits, learned by parties that see none",
      lead: """
        A network of \(units) units learns from 60,000 images in shares: forward pass, loss, gradients and the optimizer's steps are computed on \
        shares by processes that talk over TLS. What is opened is how many of 10,000 test images come out right.
        """, source: NamedDataset.mnist.source)
    var ways = [("in the clear", ""), ("on shares, three parties", "mode: encrypted\nencrypted: {reveal: [metrics]}")]
    if hasDealer {
      ways.append(
        (
          "on shares, two parties and a dealer",
          "mode: encrypted\nencrypted: {scheme: additive, parties: 2, reveal: [metrics]}"
        ))
    }
    var rows: [DemoReport.Row] = []
    for (way, mode) in ways {
      progress(way)
      let run = try await DemoTrainer(executable: setting.executable).run(job.text(seed: setting.seed, mode: mode)) {
        progress("\(way): \(Int($0 * 100)) % of the training")
      }
      rows.append(.init(way, .accuracy, [run]))
    }
    report.tables = [
      .init(
        title: "The same training, in the clear and on shares",
        text: """
          \(epochs) passes over the images in batches of \(batch), the same first weights and order. What is sent is the payload of all \
          parties; the run fails if it differs from the plan by one byte. Threat model: parties that follow the protocol, of which no \
          two work together; with a dealer, none works together with the dealer.
          """, measure: .accuracy, rows: rows)
    ]
    report.goals = rows.dropFirst().flatMap { row in
      [
        DemoReport.Goal.atLeast(0.97, row.mean, "accuracy, \(row.way)"),
        .atMost(0.01, abs(row.mean - rows[0].mean), "distance from the clear, \(row.way)"),
      ]
    }
    report.pictures = [try Self.views(of: digits.features.sliced(axis: 0, 0..<1))]
    report.seconds = (clock.now - begin) / .seconds(1)
    return report
  }

  /// An image as its owner has it, and the lowest byte of each party's words for it, shared afresh for the picture.
  private static func views(of image: Tensor<Float>) throws -> Raster {
    let words = try SecretInput.encode(image, named: "the image", fractionBits: 20)
    let shares = try InputSharing.parcels(of: [words]).enumerated().map { party, parcel in
      let share = try InputSharing.unpack(parcel, party: party, shapes: [words.shape])[0]
      return Raster.Image(
        caption: "party \(party)", width: 28, shades: share.first.scalars.map { Double($0 & 255) / 255 })
    }
    return Raster(
      title: "What each party sees of an image",
      text: "A party's words are uniformly random whatever the image: here the lowest byte of each as a shade.",
      images: [Raster.Image(caption: "the owner", width: 28, shades: image.scalars.map { Double($0) })] + shares)
  }
}
