import Graphs
import Sharing

/// The graphs that the parties run one after the other, by number: the steps, then the parts of the judging.
extension TrainingProgram {
  var workCount: Int { stepCount + (judging?.stepCount ?? 0) }

  func graph(ofWork index: Int) -> Graph {
    guard index >= stepCount, let judging else { return graph(of: index) }
    return judging.graph(of: index - stepCount)
  }

  /// The public numbers of a piece of work; the judging has none.
  func numbers(ofWork index: Int) -> [String: Float] { index < stepCount ? numbers(of: index) : [:] }

  /// The noise of a piece of work; the judging has none.
  func noise(ofWork index: Int) -> Noise? { index < stepCount ? noise : nil }

  /// What an error calls a piece of work.
  func name(ofWork index: Int) -> String {
    index < stepCount ? "step \(index + 1)" : "part \(index - stepCount + 1) of the judging"
  }

  /// Work of one kind costs the same and demands the same of a dealer: as many rows of the same graph, and public numbers of
  /// the same fixed-point forms.
  struct WorkKind: Hashable {
    let isJudging: Bool
    let size: Int
    let forms: [String: Int]
  }

  func kind(ofWork index: Int) -> WorkKind {
    guard index >= stepCount, let judging else {
      return WorkKind(
        isJudging: false, size: size(of: index),
        forms: numbers(of: index).mapValues { SecurePlan.form(of: $0, fractionBits: fractionBits) })
    }
    return WorkKind(isJudging: true, size: judging.rows(of: index - stepCount).count, forms: [:])
  }
}
