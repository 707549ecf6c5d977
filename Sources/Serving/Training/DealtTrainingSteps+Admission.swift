package import Sharing
import Tensors

/// What owners outside have shared gets MACs before the first step (`docs/protocols/spdz.md`, 7): the first weights with the
/// masks of what is told, then rows, parcel by parcel.
extension DealtTrainingSteps {
  /// Additive parties: nothing. With MACs, five rounds a parcel; from then on a party holds 32 bytes of each number.
  ///
  /// - Throws: `SharingError.cheating` of the inputs where a party changed what it was sent, or an owner sent something else
  ///   than products of its words.
  package func admit(
    _ weights: HeldShares, _ rows: TrainingRows
  ) async throws -> (weights: [HeldShare], rows: TrainingRows) {
    guard Scheme.form == .authenticated else { return (weights.held, rows) }
    guard let piece = Scheme.piece(in: weights) else { throw ServingError.malformedMessage }
    let first = try admission(
      of: program.weightNames.map { ($0, program.shape(of: $0)) }, answers: program.answers)
    let (inputs, masks) = try await admit(piece, by: first, remaining: 1)
    var admitted = rows
    for part in RowPart.allCases { admitted[part] = try await admit(rows[part]) }
    return (program.weightNames.compactMap { inputs[$0]?.held } + masks.map(\.held), admitted)
  }

  private func admit(_ rows: SharedRows) async throws -> SharedRows {
    var admitted = SharedRows(width: rows.width)
    var programs: [Int: DealtComputation] = [:]
    for (index, block) in rows.blocks.enumerated() {
      let shape: Shape = [block.rowCount, rows.width]
      let known = try programs[block.rowCount] ?? admission(of: [(Self.rowsName, shape)], answers: [])
      programs[block.rowCount] = known
      let parcel = try AdditiveSharing.Parcel(
        bytes: block.parcel[...], party: scheme.party, partyCount: scheme.partyCount)
      let piece = try Scheme.unpack(
        parcel, party: scheme.party, partyCount: scheme.partyCount, shapes: [shape], answers: [])
      let remaining = rows.blocks[index...].count { $0.rowCount == block.rowCount }
      guard let share = try await admit(piece, by: known, remaining: remaining).inputs[Self.rowsName] else {
        throw ServingError.malformedMessage
      }
      admitted.append(SharedRows.Block(share.held, rowCount: block.rowCount))
    }
    return admitted
  }

  private static var rowsName: String { "rows" }

  private func admit(
    _ piece: Scheme.Piece, by admission: DealtComputation, remaining: Int
  ) async throws -> (inputs: [String: Scheme.Share], masks: [Scheme.Share]) {
    let step = try await training.turns.next(
      of: admission, coming: { [.init(computation: admission, count: remaining)] }, waiting: training.waiting)
    return try await admission.prepare(piece, on: scheme, at: step)
  }
}
