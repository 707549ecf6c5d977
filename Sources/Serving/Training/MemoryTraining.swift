import Sharing
package import Tensors
import Transports

/// A training by three parties that are tasks of this process: the same protocols and traffic, no network.
///
/// Nothing is hidden from this process; for trying and measuring.
package enum MemoryTraining {
  /// Trains on the rows of `features` and `targets`, which come from so many owners, one after the other.
  package static func train(
    _ program: TrainingProgram, weights: [String: Tensor<Float>], features: Tensor<Float>, targets: Tensor<Float>,
    ownerRows: [Int], deadline: Duration, progress: @escaping (TrainingStep) throws -> Void
  ) async throws -> TrainingAnswer {
    try program.validate()
    let (rows, sent) = try share(program, features, targets, ownerRows)
    let parcels = InputSharing.parcels(
      of: try program.weightNames.map { name in
        try SecretInput.encode(
          weights[name] ?? Tensor(shape: [0], scalars: []), named: "the weight \(name)",
          fractionBits: program.fractionBits)
      })
    let trainings = try (0..<3).map { party in
      PendingTraining(
        id: "memory", program: program,
        origin: .fresh(
          rows: rows[party],
          weights: try InputSharing.unpack(
            parcels[party], party: party, shapes: program.weightNames.map { program.shape(of: $0) }),
          place: nil))
    }
    var answer = try await run(trainings, deadline: deadline, progress)
    answer.traffic =
      answer.traffic + sent + ReplicatedCosts().starting
      + Cost(rounds: 1, byteCount: parcels.reduce(0) { $0 + $1.byteCount })
    return answer
  }

  /// Each party's part of all rows, and what the owners sent.
  private static func share(
    _ program: TrainingProgram, _ features: Tensor<Float>, _ targets: Tensor<Float>, _ ownerRows: [Int]
  ) throws -> (rows: [SharedRows], sent: Cost) {
    let widths = program.rowWidths
    let width = widths.features + widths.targets
    var rows = [SharedRows](repeating: SharedRows(width: width), count: 3)
    var sent = Cost.none
    var offset = 0
    for count in ownerRows {
      for block in TrainingPlan.blocks(of: count) {
        let range = offset + block.lowerBound..<offset + block.upperBound
        let words = try SecretRows.encode(features, targets, range, fractionBits: program.fractionBits)
        let parcels = InputSharing.parcels(of: [words])
        for party in 0..<3 {
          rows[party].append(
            try SharedRows.Block(parcels[party], rowCount: block.count, width: width, party: party))
        }
        sent = sent + Cost(rounds: 1, byteCount: parcels.reduce(0) { $0 + $1.byteCount })
      }
      offset += count
    }
    return (rows, sent)
  }

  private static func run(
    _ trainings: [PendingTraining], deadline: Duration, _ progress: (TrainingStep) throws -> Void
  ) async throws -> TrainingAnswer {
    let channels = MemoryMesh.channels(partyCount: 3, deadline: deadline)
    let (stream, continuation) = AsyncThrowingStream.makeStream(of: (party: Int, news: TrainingNews).self)
    let work = Task {
      do {
        try await withThrowingTaskGroup(of: Void.self) { group in
          for (channel, training) in zip(channels, trainings) {
            group.addTask {
              do {
                try await TrainingSession(channel: channel, training: training).run {
                  continuation.yield((channel.party, $0))
                }
              } catch {
                await channel.close()
                throw error
              }
            }
          }
          try await group.waitForAll()
        }
        continuation.finish()
      } catch {
        continuation.finish(throwing: error)
      }
    }
    defer { work.cancel() }
    var collector = TrainingCollector(trainings[0].program)
    for try await (party, news) in stream {
      if let step = try collector.take(news, from: party) { try progress(step) }
    }
    return try collector.answer()
  }
}
