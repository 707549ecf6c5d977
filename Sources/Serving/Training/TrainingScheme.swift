import Graphs
package import Sharing
package import Tensors
import Transports

/// How the parties of a cluster train: what a training begins with, and how its steps are run.
package protocol TrainingScheme {
  associatedtype Steps: TrainingSteps
  /// What a training that begins needs to be gone on with after a stop, besides shares; its checkpoints keep it.
  func begin(_ id: String) async throws -> [[UInt8]]
  /// One party's steps of a training of which so many are done.
  func steps(of program: TrainingProgram, keys: [[UInt8]], after done: Int) async throws -> Steps
}

/// One party's side of the steps of a training, which are the same whatever the parties share by.
package protocol TrainingSteps {
  associatedtype Scheme: SharingScheme where Scheme.Share: StorableShare
  /// Whether each party brings noise of its own to private steps; else it comes from what no party chooses.
  static var bringsNoise: Bool { get }
  var scheme: Scheme { get }
  /// What this party has sent and been dealt since the steps began, and the rounds it has gone through.
  var traffic: Cost { get }
  /// The outputs of a piece of the program's work, by its number.
  ///
  /// - Parameter own: what this party brings by itself.
  func run(
    _ work: Int, _ inputs: [String: Scheme.Share], own: [String: RingTensor]
  ) async throws -> [Scheme.Share]
  /// Moves on from the last piece of work to what is revealed; what a dealer took for all of it, where this party knows.
  func finish() async throws -> Double
  /// Takes over, before the first step, what owners have sent, and makes sure that they sent all parties what belongs together,
  /// where a scheme can tell.
  ///
  /// - Parameter weights: the first ones, and masks of what is told.
  /// - Returns: the same, as steps have them.
  func admit(
    _ weights: HeldShares, _ rows: TrainingRows
  ) async throws -> (weights: [HeldShare], rows: TrainingRows)
  /// Makes sure, before a training goes on, that what the parties have kept of it belongs together, where a scheme can tell.
  ///
  /// - Parameter masks: of all that is told, as the training's client has shared them for this time.
  func readmit(_ state: TrainingState, _ rows: TrainingRows, masks: HeldShares?) async throws -> TrainingState
  /// Waits until all parties have kept the state after a step.
  func keep(_ step: Int) async throws
  /// Whether all parties tell the same, under masks.
  static var tellsUnderMasks: Bool { get }
  /// What this party tells somebody outside of a value, one axis: its summand, masked afresh; or the value under the mask.
  ///
  /// - Parameter mask: what hides it where all parties tell the same.
  func tell(_ share: Scheme.Share, under mask: Scheme.Share?) async throws -> RingTensor
}

extension TrainingSteps {
  package static var bringsNoise: Bool { true }

  package static var tellsUnderMasks: Bool { false }

  /// Nothing: the parties follow the protocol.
  package func readmit(_ state: TrainingState, _ rows: TrainingRows, masks: HeldShares?) -> TrainingState { state }

  /// Nothing: what was told is told again.
  package func keep(_ step: Int) {}

  /// Nothing: the parties trust the owners.
  package func admit(
    _ weights: HeldShares, _ rows: TrainingRows
  ) -> (weights: [HeldShare], rows: TrainingRows) { (weights.held, rows) }
}
