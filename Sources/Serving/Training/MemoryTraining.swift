package import Learning
import Sharing
package import Tensors
package import Transports

/// A training by parties that are tasks of this process, and a dealer where they have one: the same protocols and
/// traffic, no network.
///
/// Nothing is hidden from this process; for trying and measuring.
package enum MemoryTraining {
  /// Trains on the rows of a job.
  ///
  /// - Parameters:
  ///   - wrapping: how a party's channel is changed: a party that cheats is shown with it.
  ///   - waiting: told while the parties wait for their dealer.
  package static func train(
    _ program: TrainingProgram, scheme: ClusterScheme, weights: [String: Tensor<Float>], prepared: PreparedJob,
    deadline: Duration, wrapping: @escaping @Sendable (MemoryChannel) -> any Channel = { $0 },
    waiting: (DealerProgress) -> Void, progress: (TrainingStep) throws -> Void
  ) async throws -> TrainingAnswer {
    try program.validate()
    var rows = [TrainingRows](
      repeating: TrainingRows(training: SharedRows(width: 0)), count: scheme.partyCount)
    var sent = try share(
      (prepared.features, prepared.targets), .training, counts: prepared.ownerRows, program, scheme, into: &rows)
    if program.judging != nil {
      sent =
        sent + (try share(prepared.testRows, .test, counts: prepared.ownerTestRows, program, scheme, into: &rows))
    }
    var answer = try await train(
      program, scheme: scheme, weights: weights, rows: rows, deadline: deadline, wrapping: wrapping, waiting: waiting,
      progress: progress)
    answer.traffic = answer.traffic + sent
    return answer
  }

  /// Trains on rows that are there in shares, each party's.
  package static func train(
    _ program: TrainingProgram, scheme: ClusterScheme, weights: [String: Tensor<Float>], rows: [TrainingRows],
    deadline: Duration = .seconds(60), wrapping: @escaping @Sendable (MemoryChannel) -> any Channel = { $0 },
    waiting: (DealerProgress) -> Void = { _ in }, progress: (TrainingStep) throws -> Void = { _ in }
  ) async throws -> TrainingAnswer {
    let (parcels, masks) = scheme.question(
      try SecretInput.encode(weights: program.weightNames, of: weights, fractionBits: program.fractionBits),
      answers: scheme.masks(of: program))
    let shapes = program.weightNames.map { program.shape(of: $0) }
    let trainings = try parcels.enumerated().map { party, parcel in
      let weights = try scheme.unpack(
        parcel.bytes[...], party: party, shapes: shapes, answers: scheme.masks(of: program))
      return PendingTraining(
        id: "memory", program: program, origin: .fresh(rows: rows[party], weights: weights, place: nil))
    }
    var answer = try await run(
      trainings, scheme, mask: masks.first, deadline: deadline, wrapping, waiting, progress)
    answer.traffic =
      answer.traffic + scheme.costs.starting
      + Cost(rounds: 1, byteCount: parcels.reduce(0) { $0 + $1.payloadByteCount })
    return answer
  }

  /// Gives each party its part of rows that come from several owners, one after the other; what the owners sent.
  private static func share(
    _ data: (features: Tensor<Float>, targets: Tensor<Float>), _ part: RowPart, counts: [Int],
    _ program: TrainingProgram, _ scheme: ClusterScheme, into rows: inout [TrainingRows]
  ) throws -> Cost {
    let width = program.rowWidth(of: part)
    for party in rows.indices { rows[party][part] = SharedRows(width: width) }
    var sent = Cost.none
    var offset = 0
    for count in counts {
      for block in TrainingPlan.blocks(of: count) {
        let range = offset + block.lowerBound..<offset + block.upperBound
        let words = try SecretRows.encode(data.features, data.targets, range, fractionBits: program.fractionBits)
        let parcels = scheme.parcels(of: [words])
        for (party, parcel) in parcels.enumerated() {
          rows[party][part].append(
            try SharedRows.Block(parcel.bytes, rowCount: block.count, width: width, party: party, scheme: scheme))
        }
        sent = sent + Cost(rounds: 1, byteCount: parcels.reduce(0) { $0 + $1.payloadByteCount })
      }
      offset += count
    }
    return sent
  }

  /// What runs one party's part, and the dealer that deals meanwhile.
  private struct Crew: Sendable {
    var party: @Sendable (PendingTraining, any Channel, @escaping (TrainingNews) -> Void) async throws -> Void
    var dealer: @Sendable () async -> Void = {}
  }

  private static func run(
    _ trainings: [PendingTraining], _ scheme: ClusterScheme, mask: RingTensor?, deadline: Duration,
    _ wrapping: @escaping @Sendable (MemoryChannel) -> any Channel, _ waiting: (DealerProgress) -> Void,
    _ progress: (TrainingStep) throws -> Void
  ) async throws -> TrainingAnswer {
    let channels = MemoryMesh.channels(partyCount: trainings.count, deadline: deadline).map(wrapping)
    let crew = try await crew(of: scheme)
    let (stream, continuation) = AsyncThrowingStream.makeStream(of: (party: Int, news: TrainingNews).self)
    let work = Task {
      let failures = await withTaskGroup(of: (any Error)?.self) { group in
        for (channel, training) in zip(channels, trainings) {
          group.addTask {
            do {
              try await crew.party(training, channel) { continuation.yield((channel.party, $0)) }
              return nil
            } catch {
              // The others, who wait for this party, hear of it.
              await channel.close()
              return error
            }
          }
        }
        return await group.reduce(into: []) { $0 += [$1].compactMap { $0 } }
      }
      // That a party cheats says more than that the others have gone.
      continuation.finish(throwing: failures.first { ($0 as? SharingError)?.cheat != nil } ?? failures.first)
    }
    let dealer = Task { await crew.dealer() }
    defer {
      work.cancel()
      dealer.cancel()
    }
    var collector = TrainingCollector(trainings[0].program, scheme: scheme, mask: mask)
    for try await (party, news) in stream {
      if case .waiting(let progress) = news, party == trainings.count - 1 { waiting(progress) }
      if let step = try collector.take(news, from: party) { try progress(step) }
    }
    return try collector.answer()
  }

  private static func crew(of scheme: ClusterScheme) async throws -> Crew {
    switch scheme {
    case .replicated:
      Crew { training, channel, report in
        try await TrainingSession(channel: channel, training: training, scheme: ReplicatedTraining(over: channel))
          .run(report: report)
      }
    case .replicatedMalicious:
      Crew { training, channel, report in
        let scheme = try await CheckedScheme.startTraining(over: channel, session: "training")
        try await TrainingSession(channel: channel, training: training, scheme: CheckedTraining(scheme))
          .run(report: report)
      }
    case .additive(let partyCount): try await crew(with: MemoryTrainingDealer<AdditiveScheme>(partyCount: partyCount))
    case .spdz(let partyCount): try await crew(with: MemoryTrainingDealer<AuthenticatedScheme>(partyCount: partyCount))
    }
  }

  private static func crew<Scheme: ServedScheme>(with dealer: MemoryTrainingDealer<Scheme>) -> Crew {
    Crew(
      party: { training, channel, report in
        let (scheme, stock) = try await dealer.scheme(over: channel)
        let steps = try dealer.training(scheme, stock: stock, over: channel) { report(.waiting($0)) }
        try await TrainingSession(channel: channel, training: training, scheme: steps).run(report: report)
      },
      dealer: { await dealer.run() })
  }
}
