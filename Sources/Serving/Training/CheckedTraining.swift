import Arithmetic
import Crypto
import Foundation
import Graphs
package import Sharing
package import Tensors
import Transports

/// Trainings among three replicated parties whose products are checked: after every step, and before anything is told.
///
/// A training has a session of its own, with keys that nobody keeps: one that goes on has new ones, and the parties compare what they
/// have kept.
package struct CheckedTraining: TrainingScheme {
  private let scheme: CheckedScheme

  /// - Parameter scheme: a session of the training's own.
  package init(_ scheme: CheckedScheme) { self.scheme = scheme }

  package func begin(_ id: String) -> [[UInt8]] { [] }

  package func steps(of program: TrainingProgram, keys: [[UInt8]], after done: Int) -> CheckedSteps {
    CheckedSteps(scheme: scheme, program: program)
  }
}

/// Steps each of which ends with a check, so that no more than a step's products are kept for it.
package struct CheckedSteps: TrainingSteps {
  package let scheme: CheckedScheme
  private let program: TrainingProgram
  private let before: Cost

  init(scheme: CheckedScheme, program: TrainingProgram) {
    self.scheme = scheme
    self.program = program
    before = scheme.traffic
  }

  /// Pairs of parties draw it.
  package static var bringsNoise: Bool { false }

  package static var tellsUnderMasks: Bool { true }

  package var traffic: Cost { scheme.traffic - before }

  /// One round: whether both holders of each component were sent the same rows, weights and masks, and the same program.
  ///
  /// - Throws: `SharingError.cheating` of the inputs.
  package func admit(
    _ weights: HeldShares, _ rows: TrainingRows
  ) async throws -> (weights: [HeldShare], rows: TrainingRows) {
    guard case .checked(let shares) = weights else { throw ServingError.malformedMessage }
    let digest = Hexadecimal.text(try program.digest())
    let blocks = RowPart.allCases.flatMap { rows[$0].blocks }
    _ = try await scheme.admit(
      shares, others: (blocks.map { $0.sent(0) }, blocks.map { $0.sent(1) }),
      for: "training|\(digest)|\(RowPart.allCases.map { rows[$0].blocks.map(\.rowCount) })")
    return (weights.held, rows)
  }

  /// One round: whether both holders of each component have kept the same rows and the same state after the same step, and were sent the
  /// same masks and program.
  ///
  /// - Throws: `SharingError.cheating` of the inputs.
  package func readmit(
    _ state: TrainingState, _ rows: TrainingRows, masks: HeldShares?
  ) async throws -> TrainingState {
    guard case .checked(let shares)? = masks else { throw ServingError.malformedMessage }
    let digest = Hexadecimal.text(try program.digest())
    let kept = program.valueNames.compactMap { state.values[$0] } + [state.loss].compactMap { $0 } + state.losses
    let blocks = RowPart.allCases.flatMap { rows[$0].blocks }
    func bytes(_ component: Int) -> [ArraySlice<UInt8>] {
      kept.map { WordBytes.bytes(of: $0.components[component].scalars)[...] } + blocks.map { $0.sent(component) }
    }
    let admitted = try await scheme.admit(
      shares, others: (bytes(0), bytes(1)),
      for: "training goes on|\(state.step)|\(digest)|\(RowPart.allCases.map { rows[$0].blocks.map(\.rowCount) })")
    var state = state
    state.mask = admitted.first?.held
    return state
  }

  /// One round, in which the parties say which step it is.
  package func keep(_ step: Int) async throws { _ = try await scheme.admit([], for: "kept|\(step)") }

  package func run(
    _ work: Int, _ inputs: [String: CheckedShare], own: [String: RingTensor]
  ) async throws -> [CheckedShare] {
    try scheme.beginStep()
    let (graph, noise) = (program.graph(ofWork: work), program.noise(ofWork: work))
    var inputs = inputs
    if let noise {
      let shares = try scheme.noise(of: noise.names.map { graph.shape(ofInput: $0) ?? [] }, bits: noise.bits)
      inputs.merge(zip(noise.names, shares)) { $1 }
    }
    let engine = SecureEngine(
      scheme, fractionBits: program.fractionBits, comparisonWidth: program.comparisonWidth)
    do {
      let outputs = try await engine.run(
        graph, inputs: inputs, numbers: program.numbers(ofWork: work), own: own, noise: Set(noise?.names ?? []))
      try await scheme.check()
      return outputs
    } catch SharingError.cheating(let check, let layer, let culprit) where !layer.isEmpty {
      throw SharingError.cheating(check: check, layer: "\(layer) of \(program.name(ofWork: work))", culprit: culprit)
    }
  }

  package func finish() -> Double { 0 }

  /// One round: the value under the mask that its client has shared with the first weights.
  package func tell(_ share: CheckedShare, under mask: CheckedShare?) async throws -> RingTensor {
    // Without a mask the parties themselves would see it.
    guard let mask else { throw ServingError.malformedMessage }
    return try await scheme.openChecked([scheme.add(share, mask)])[0]
  }
}
