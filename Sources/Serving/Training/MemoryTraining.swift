package import Learning
import Sharing
package import Tensors
import Transports

/// A training by three parties that are tasks of this process: the same protocols and traffic, no network.
///
/// Nothing is hidden from this process; for trying and measuring.
package enum MemoryTraining {
  /// Trains on the rows of a job.
  package static func train(
    _ program: TrainingProgram, weights: [String: Tensor<Float>], prepared: PreparedJob, deadline: Duration,
    progress: @escaping (TrainingStep) throws -> Void
  ) async throws -> TrainingAnswer {
    try program.validate()
    var rows = [TrainingRows](repeating: TrainingRows(training: SharedRows(width: 0)), count: 3)
    var sent = try share(
      (prepared.features, prepared.targets), .training, counts: prepared.ownerRows, program, into: &rows)
    if program.judging != nil {
      sent = sent + (try share(prepared.testRows, .test, counts: prepared.ownerTestRows, program, into: &rows))
    }
    let parcels = InputSharing.parcels(
      of: try SecretInput.encode(
        weights: program.weightNames, of: weights, fractionBits: program.fractionBits))
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

  /// Gives each party its part of rows that come from several owners, one after the other; what the owners sent.
  private static func share(
    _ data: (features: Tensor<Float>, targets: Tensor<Float>), _ part: RowPart, counts: [Int],
    _ program: TrainingProgram, into rows: inout [TrainingRows]
  ) throws -> Cost {
    let width = program.rowWidth(of: part)
    for party in 0..<3 { rows[party][part] = SharedRows(width: width) }
    var sent = Cost.none
    var offset = 0
    for count in counts {
      for block in TrainingPlan.blocks(of: count) {
        let range = offset + block.lowerBound..<offset + block.upperBound
        let words = try SecretRows.encode(data.features, data.targets, range, fractionBits: program.fractionBits)
        let parcels = InputSharing.parcels(of: [words])
        for party in 0..<3 {
          rows[party][part].append(
            try SharedRows.Block(parcels[party], rowCount: block.count, width: width, party: party))
        }
        sent = sent + Cost(rounds: 1, byteCount: parcels.reduce(0) { $0 + $1.byteCount })
      }
      offset += count
    }
    return sent
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
