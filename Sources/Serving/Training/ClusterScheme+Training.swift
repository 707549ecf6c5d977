import Sharing
import Tensors

/// What trainings take beside their steps.
extension ClusterScheme {
  /// The shapes of what a training's client hides its results with, where all parties tell the same: losses of epochs, then the
  /// result.
  func masks(of program: TrainingProgram) -> [Shape] { isChecked ? program.answers : [] }

  /// What the parties do first, and what that is called, where a dealer names what it deals after it.
  var agreeing: (name: String, cost: Cost)? {
    switch self {
    case .replicated, .replicatedMalicious: nil
    case .additive(let partyCount):
      ("the program is agreed on", DealtTraining<AdditiveScheme>.agreeing(partyCount: partyCount))
    case .spdz(let partyCount):
      ("the program is agreed on", DealtTraining<AuthenticatedScheme>.agreeing(partyCount: partyCount))
    }
  }

  /// Numbers that an owner outside sends in one parcel.
  func bringing(count: Int) -> Cost {
    switch self {
    case .replicated, .additive: costs.sharing(counts: [count])
    case .replicatedMalicious: ReplicatedCosts().sharing(counts: [count])
    case .spdz(let partyCount): AuthenticatedCosts(partyCount: partyCount).sending(count: count)
    }
  }

  /// What the parties do with parcels of so many numbers before the first step, and what that is called.
  func admitting(counts: [Int]) -> (name: String, cost: Cost)? {
    switch self {
    case .replicated, .additive: nil
    case .replicatedMalicious: ("what was shared is compared", CheckedCosts().admitting)
    case .spdz(let partyCount):
      (
        "what was shared gets MACs",
        counts.reduce(.none) { $0 + AuthenticatedCosts(partyCount: partyCount).admitting(count: $1) }
      )
    }
  }

  /// The noise of a private step.
  func drawingNoise(count: Int) -> Cost {
    switch self {
    case .replicated, .additive, .replicatedMalicious: .none
    case .spdz(let partyCount): AuthenticatedCosts(partyCount: partyCount).dealingNoise(count: count)
    }
  }

  /// What the parties do before they tell an epoch's loss that a training can go on after, and what that is called.
  var keepingEpoch: (name: String, cost: Cost)? {
    switch self {
    case .replicated, .additive, .spdz: nil
    case .replicatedMalicious: ("an epoch is kept", CheckedCosts().admitting)
    }
  }

  /// At the end of each step.
  var checkingStep: Cost {
    switch self {
    case .replicated, .additive: .none
    case .replicatedMalicious: CheckedCosts().checkingStep
    case .spdz(let partyCount): AuthenticatedCosts(partyCount: partyCount).checking
    }
  }

  /// What the parties tell a training's client, beyond what they tell each other.
  func telling(count: Int) -> Cost {
    switch self {
    case .replicated, .additive: costs.revealing(counts: [count])
    case .replicatedMalicious, .spdz: Cost(rounds: 1, byteCount: 8 * partyCount * count)
    }
  }

  /// A result of a training, from its shares to the client.
  func opening(count: Int) -> Cost {
    switch self {
    case .replicated, .additive: telling(count: count)
    case .replicatedMalicious: CheckedCosts().openingChecked(count: count) + telling(count: count)
    case .spdz(let partyCount):
      AuthenticatedCosts(partyCount: partyCount).openingChecked(count: count) + telling(count: count)
    }
  }
}

extension TrainingProgram {
  /// The shapes of masks of all that the client is told.
  var answers: [Shape] {
    let count = (revealsLoss ? epochs : 0) + revealedCount
    return count > 0 ? [[count]] : []
  }
}
