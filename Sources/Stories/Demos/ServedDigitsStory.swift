import Datasets
import Foundation
import ModelFiles
import Serving
import Sharing
import Tensors
import Transports

/// A convolutional network from a Keras file, cut into shares among three parties of this machine, which are asked about three images.
public struct ServedDigitsStory: Sendable {
  public var setting: DemoSetting
  /// The Keras file, or any other model of digits.
  public var model: String
  public var deadline: Duration

  public init(_ setting: DemoSetting, model: String, deadline: Duration = .seconds(30)) {
    self.setting = setting
    self.model = model
    self.deadline = deadline
  }

  /// Where the published model is in a folder of data.
  public static let publishedModel = "models/keras-short-conv/short-conv-mnist.h5"

  private static let fractionBits = 16
  private static let queryCount = 3

  /// Tells the story; `progress` hears what is being done.
  ///
  /// - Throws: `DatasetError` and `ModelFileError` where a file is missing or of another kind, and what parties throw.
  public func tell(progress: (String) -> Void = { _ in }) async throws -> DemoReport {
    let clock = ContinuousClock()
    let begin = clock.now
    let file = try ModelFile.open(model)
    let (images, labels) = try images(for: file)
    let plain = try SecretPredictor.plain(file, images)
    guard plain.shape == [Self.queryCount, 10] else {
      throw ServingError.badRequest("\(model): the model answers with \(plain.shape) and not one score a digit")
    }
    progress("starting three parties")
    let predictions = try await ask(file, images, progress)
    var report = setting.report(
      "mnist-served", "Digits, read by parties that do not see them",
      lead: """
        A convolutional network that others trained in Keras is cut into shares for three party processes with certificates of their \
        own. The first images of the MNIST test set are shared among them, one query each. No party sees an image, the model or an \
        answer.
        """, source: NamedDataset.mnist.source)
    report.tables = [try table(predictions, labels)]
    let answers = predictions.map { Self.digit($0.output.scalars) }
    let difference = predictions.enumerated().map { index, prediction in
      zip(prediction.output.scalars, plain.scalars[10 * index..<10 * index + 10]).map { abs($0 - $1) }.max() ?? 0
    }
    report.goals = [
      .atLeast(
        Double(Self.queryCount), Double(zip(answers, labels).count(where: ==)),
        "answers that are right, \(labels.map(String.init).joined(separator: ", "))"),
      .atMost(0.01, Double(difference.max() ?? 1), "largest difference from the clear"),
    ]
    report.pictures = [try picture(images, labels)]
    report.seconds = (clock.now - begin) / .seconds(1)
    return report
  }

  private func images(for file: ModelFile) throws -> (images: Tensor<Float>, labels: [Int]) {
    guard case .tensors(_, let test) = try NamedDataset.mnist.load(from: setting.data),
      let labels = test.targets.classes?.prefix(Self.queryCount), labels.count == Self.queryCount
    else { throw DatasetError.inconsistent("The digits are no images") }
    guard file.exampleShape.count == 784 else {
      throw ServingError.badRequest("\(model): the model takes \(file.exampleShape) and not images of 28 by 28")
    }
    let images = test.features.sliced(axis: 0, 0..<Self.queryCount)
    return (images.reshaped(to: Shape([Self.queryCount] + file.exampleShape.extents)), Array(labels))
  }

  private func ask(
    _ file: ModelFile, _ images: Tensor<Float>, _ progress: (String) -> Void
  ) async throws -> [Prediction] {
    let cluster = try await LocalCluster.start(executable: setting.executable, deadline: deadline)
    defer { cluster.stop() }
    return try await cluster.asking(patience: deadline) { client in
      let name = try await client.share(file, fractionBits: Self.fractionBits)
      var predictions: [Prediction] = []
      for index in 0..<Self.queryCount {
        progress("asking about image \(index + 1)")
        predictions.append(
          try await client.query(
            name, images.sliced(axis: 0, index..<index + 1), outputShape: [1, 10], fractionBits: Self.fractionBits,
            declared: file.inputRange))
      }
      return predictions
    }
  }

  private func table(_ predictions: [Prediction], _ labels: [Int]) throws -> DemoReport.Table {
    let rows = predictions.enumerated().map { index, prediction in
      let scores = prediction.output.scalars
      let digit = Self.digit(scores)
      var row = DemoReport.Row(
        "image \(index + 1), a \(labels[index]): \(digit)", .probability,
        [
          DemoRun(
            value: Double(scores[digit]), seconds: prediction.seconds, bytesSent: prediction.traffic.byteCount)
        ])
      row.answer = digit
      return row
    }
    return .init(
      title: "Three queries", text: "What the parties answer, opened by the client alone, over TLS on this machine.",
      measure: .probability, rows: rows)
  }

  /// The images as their owner has them, and the leading bytes of what party 0 gets of the first.
  private func picture(_ images: Tensor<Float>, _ labels: [Int]) throws -> Raster {
    let pixels = images.scalars
    var pictures = (0..<Self.queryCount).map { index in
      Raster.Image(
        caption: "a \(labels[index])", width: 28, shades: pixels[784 * index..<784 * index + 784].map { Double($0) })
    }
    let words = try SecretInput.encode(
      images.sliced(axis: 0, 0..<1), named: "the image", fractionBits: Self.fractionBits)
    let parcel = InputSharing.parcels(of: [words])[0]
    let share = try InputSharing.unpack(parcel, party: 0, shapes: [words.shape])[0]
    pictures.append(
      Raster.Image(
        caption: "the first, at a party", width: 28, shades: share.first.scalars.map { Double($0 >> 56) / 255 }))
    return Raster(
      title: "What is asked, and what a party sees of it",
      text: "A party holds words that are uniformly random whatever the image is.", images: pictures)
  }

  private static func digit(_ scores: [Float]) -> Int { scores.indices.max { scores[$0] < scores[$1] } ?? 0 }
}
