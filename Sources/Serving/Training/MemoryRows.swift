package import Learning
import Sharing
package import Tensors

/// Parties of this process that take in owners' rows and train on them: what ``PartyServer`` does, without a network.
///
/// Nothing is hidden from this process; for tests.
package actor MemoryRows: RowSharing {
  package nonisolated let fingerprints = (0..<3).map { [UInt8](repeating: UInt8($0), count: 32) }
  private var datasets = [PartyDatasets](repeating: PartyDatasets(), count: 3)

  package init() {}

  package func share(_ prepared: PreparedJob, owner: Int, name: String) async throws -> Int {
    let part = prepared.job.encrypted ?? Job.EncryptedPart()
    var rows = [RowPart.training: (prepared.features, prepared.targets)]
    if part.reveal.contains(.metrics) { rows[.test] = prepared.testRows }
    var byteCount = 0
    for (kind, (features, targets)) in rows {
      for range in TrainingPlan.blocks(of: features.shape[0]) {
        let words = try SecretRows.encode(features, targets, range, fractionBits: part.fractionBits)
        let header = RowsHeader(
          dataset: try prepared.job.dataset, part: kind, owner: owner, start: range.lowerBound, rowCount: range.count,
          width: words.shape[1], agreed: Array(part.reveal))
        for (party, parcel) in ClusterScheme.replicated.parcels(of: [words]).enumerated() {
          let block = try SharedRows.Block(
            parcel.bytes, rowCount: range.count, width: words.shape[1], party: party, scheme: .replicated)
          try datasets[party].store(block, header, from: Job.EncryptedPart.Owner.place(ofWorker: name))
          byteCount += parcel.payloadByteCount
        }
      }
    }
    return byteCount
  }

  /// How many training rows the workers of a job have shared.
  package func rowCounts(of job: Job) throws -> [Int] {
    datasets[0].rowCounts(of: try job.dataset, owners: job.encrypted?.owners.compactMap(\.place) ?? []).map(\.training)
  }

  /// Trains on what the job's owners have shared.
  package func train(
    _ program: TrainingProgram, _ job: Job, weights: [String: Tensor<Float>]
  ) async throws -> TrainingAnswer {
    let owners = job.encrypted?.owners.compactMap(\.place) ?? []
    let dataset = try job.dataset
    let rows = try datasets.indices.map { try datasets[$0].take(dataset, owners: owners, for: program) }
    return try await MemoryTraining.train(program, scheme: .replicated, weights: weights, rows: rows)
  }
}
