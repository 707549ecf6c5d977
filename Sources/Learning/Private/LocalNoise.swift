import Datasets
import Foundation
import Privacy
import Tensors

/// Noise that an owner puts on rows before anybody trains on them: `unit: local`.
///
/// A row's features get Gaussian noise as one vector, by the distance of the farthest two rows that the declared ranges and
/// categories allow; its label is told truly only as often as randomised response permits, a number gets Gaussian noise of
/// its own. A quarter of ε is the label's. Whatever is done with the rows afterwards costs nothing more.
///
/// - Source: S. Warner, *Randomized Response*, J. Am. Stat. Assoc. 1965; J. Duchi, M. Jordan and M. Wainwright, *Local
///   Privacy and Statistical Minimax Rates*, FOCS 2013.
struct LocalNoise {
  /// Of the features, over their diameter.
  let noiseMultiplier: Double
  private let labelEpsilon: Double
  private let part: PrivacyPart

  /// - Throws: `AccountingError` where no noise reaches ε.
  init(_ part: PrivacyPart, targets: Targets) throws(AccountingError) {
    guard case .targetEpsilon(let epsilon) = part.noise else {
      throw .unreachable(reason: "noise on rows is chosen for a target; write privacy.targetEpsilon")
    }
    self.part = part
    let label = targets.classCount == nil ? 0 : epsilon / 4
    labelEpsilon = label
    noiseMultiplier = try part.multiplier { Self.event($0, label: label) }
  }

  /// What the release of a row is.
  var event: PrivacyEvent { Self.event(noiseMultiplier, label: labelEpsilon) }

  private static func event(_ multiplier: Double, label: Double) -> PrivacyEvent {
    let features = PrivacyEvent.gaussian(noiseMultiplier: multiplier)
    // A number's noise is as large, by its own range, as that of the features by theirs.
    return .composed(label > 0 ? [features, .pure(epsilon: label)] : [features, features])
  }

  /// The rows as their owner tells them.
  ///
  /// - Parameter preprocessing: how they were made of declared ranges; numbers in 0...1 where there is none.
  func noised(_ data: Dataset, _ preprocessing: Preprocessing?) throws -> Dataset {
    let stream = SecretStream()
    let count = data.features.count / max(data.rowCount, 1)
    let diameter = preprocessing?.diameter ?? Double(count).squareRoot()
    let grid = try NoiseGrid(count: count, noiseMultiplier: noiseMultiplier)
    let noise = try NoiseGrid.exactNoise()
    var scalars = data.features.scalars
    scalars.withUnsafeMutableBufferPointer { scalars in
      guard let base = scalars.baseAddress else { return }
      for row in 0..<data.rowCount { grid.release(base + row * count, clip: diameter, noise: noise) }
    }
    return try Dataset(
      name: data.name, source: data.source, featureNames: data.featureNames,
      features: Tensor(shape: data.features.shape, scalars: scalars), targets: try noised(data.targets, stream))
  }

  private func noised(_ targets: Targets, _ stream: SecretStream) throws(LearningError) -> Targets {
    switch targets {
    case .numbers(let tensor):
      let grid = try NoiseGrid(count: 1, noiseMultiplier: noiseMultiplier)
      let noise = try NoiseGrid.exactNoise()
      // Outside of the declared range nothing is told.
      var scalars = tensor.scalars.map { min(max($0, -1), 1) }
      scalars.withUnsafeMutableBufferPointer { scalars in
        guard let base = scalars.baseAddress else { return }
        for row in 0..<tensor.count { grid.release(base + row, clip: 2, noise: noise) }
      }
      return .numbers(Tensor(shape: tensor.shape, scalars: scalars))
    case .binary(let tensor):
      let classes = answers(tensor.scalars.map { $0 > 0.5 ? 1 : 0 }, count: 2, stream)
      return .binary(Tensor(shape: tensor.shape, scalars: classes.map { Float($0) }))
    case .classes(let classes, let count): return .classes(answers(classes, count: count, stream), count: count)
    }
  }

  /// Each class, or any of the others alike: `e^ε` times as often the true one as each other.
  private func answers(_ classes: [Int], count: Int, _ stream: SecretStream) -> [Int] {
    let truth = exp(labelEpsilon) / (exp(labelEpsilon) + Double(count - 1))
    let limit = UInt64(min(truth, 1 - 0x1p-53) * 0x1p64)
    return stream.withWords(2 * classes.count) { words in
      classes.enumerated().map { row, label in
        let other = Int((words[2 * row + 1]).multipliedFullWidth(by: UInt64(count - 1)).high)
        return words[2 * row] < limit ? label : (label + 1 + other) % count
      }
    }
  }
}

extension Preprocessing {
  /// How far apart two rows of declared ranges and categories may be at most.
  fileprivate var diameter: Double {
    features.reduce(0.0) { sum, feature in
      switch feature.encoding {
      case .numeric(let encoding): sum + 4 + (encoding.missing == .meanWithIndicator ? 1 : 0)
      case .categorical: sum + 2
      }
    }.squareRoot()
  }
}
