public import Datasets

/// What clients learn of a model's training rows where its preprocessing is published with it.
public enum PublishedPreprocessing {
  /// One line for each column.
  public static func facts(of preprocessing: Preprocessing) -> [String] {
    let columns = preprocessing.features.map { feature in
      switch feature.encoding {
      case .numeric: "\(feature.name): its mean and deviation"
      case .categorical(let encoding): "\(feature.name): its \(encoding.categories.count) categories"
      }
    }
    let target = preprocessing.targetTransform
    return columns + ["\(target.name) (the target): \(target.labels.map { "its \($0.count) labels" } ?? "its scale")"]
  }

  /// - Throws: ``ServingError/badRequest(_:)`` listing what would become public, unless its owner agrees.
  public static func check(_ preprocessing: Preprocessing?, isAgreed: Bool) throws {
    guard let preprocessing, !isAgreed else { return }
    throw ServingError.badRequest(
      "the model file holds preprocessing that every client would be told (\(facts(of: preprocessing).joined(separator: "; "))): "
        + "agree with --publish-preprocessing")
  }
}
