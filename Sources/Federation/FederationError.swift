/// Why a federated training cannot be done or go on: what, where and what to do.
public enum FederationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A vector has not the model's length.
  case wrongLength(String, expected: Int, given: Int)
  /// A vector holds something that is no finite number.
  case notFinite(String)
  /// A model lacks a tensor, or has one of another shape.
  case weightsDoNotFit(String)
  /// A round gave fewer updates than its strategy needs.
  case tooFewUpdates(given: Int, needed: Int, strategy: String)
  /// Local training left the range of numbers.
  case diverged(round: Int, epoch: Int)
  /// A setting is out of range.
  case invalidSetting(String, reason: String)
  /// Bytes that are no compressed update of this plan.
  case malformedUpdate(reason: String)
  /// A table's columns do not go with the statistics that are asked for.
  case statisticsDoNotFit(String)

  public var description: String {
    switch self {
    case .wrongLength(let what, let expected, let given):
      "\(what) must have \(expected) values, not \(given); check that both sides train the same model"
    case .notFinite(let what): "\(what) holds nan or infinity; it is left out"
    case .weightsDoNotFit(let name): "the weight \"\(name)\" is missing or has another shape; load this model's weights"
    case .tooFewUpdates(let given, let needed, let strategy):
      "a round gave \(given) updates and \(strategy) needs \(needed); ask more workers, or lower its settings"
    case .diverged(let round, let epoch):
      "local training diverged in round \(round), epoch \(epoch): the loss is no longer a finite number; lower the "
        + "learning rate"
    case .invalidSetting(let setting, let reason): "\(setting) \(reason)"
    case .malformedUpdate(let reason): "a compressed update cannot be read: \(reason)"
    case .statisticsDoNotFit(let reason): reason
    }
  }
}
