import Foundation

/// How the learning rate changes during training.
public enum Schedule: Hashable, Sendable, Codable {
  case constant
  /// From the optimizer's rate down to the share `final` of it along half a cosine, step by step: I. Loshchilov and
  /// F. Hutter, *SGDR: Stochastic Gradient Descent with Warm Restarts*, ICLR 2017, without restarts.
  case cosine(final: Double = 0)
  /// Multiplied by `factor` after every `every` epochs.
  case step(every: Int, factor: Double)

  /// What the learning rate is multiplied by.
  ///
  /// - Parameters:
  ///   - progress: the share of all steps that are done, from 0 to 1.
  ///   - epoch: the epoch that runs, from 1.
  package func factor(progress: Double, epoch: Int) -> Double {
    switch self {
    case .constant: 1
    case .cosine(let final): final + (1 - final) * (1 + cos(.pi * progress)) / 2
    case .step(let every, let factor): pow(factor, Double((epoch - 1) / every))
    }
  }

  /// - Throws: where a number is out of range.
  func validate() throws(LearningError) {
    switch self {
    case .constant: return
    case .cosine(let final):
      guard final >= 0, final <= 1 else { throw .invalidSetting("final", reason: "must be between 0 and 1") }
    case .step(let every, let factor):
      guard every >= 1 else { throw .invalidSetting("every", reason: "must be at least 1") }
      guard factor > 0, factor <= 1 else { throw .invalidSetting("factor", reason: "must be above 0 and at most 1") }
    }
  }
}
