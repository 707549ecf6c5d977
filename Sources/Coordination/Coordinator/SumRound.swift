import Learning
import Links

/// One attempt of a cohort to add vectors of which the coordinator learns the sum: in the open, or by the job's aggregation.
struct SumRound: Sendable {
  let seats: [WorkerSeat]
  let asked: AskedQuestion
  let patience: Duration
  let recorder: RunRecorder?
  let federated: Job.FederatedPart
  let opener: SumOpener?
  let parties: SharedParties?

  struct Result: Sendable {
    /// The sums, segment by segment of the plan; one segment in the open.
    let segments: [[Double]]
    let contributors: [Int]
    let byteCount: Int
  }

  /// - Parameters:
  ///   - body: the weights, where the task needs any.
  ///   - count: how many numbers a vector has.
  func run(_ header: TaskHeader, body: LinkBody, count: Int) async throws -> Result {
    guard let plan = header.hiding else { return try await runOpen(header, body: body, count: count) }
    let sum = try await HidingRound(
      seats: seats, asked: asked, header: header, patience: patience, recorder: recorder, opener: opener,
      parties: parties, needed: federated.needed(of: seats.count)
    ).run(weights: body, aggregation: federated.aggregation, plan: plan)
    try check(sum.contributors.count, header, sum.reasons)
    return Result(
      segments: plan.decode(sum.words, contributors: sum.contributors.count), contributors: sum.contributors,
      byteCount: sum.byteCount)
  }

  private func runOpen(_ header: TaskHeader, body: LinkBody, count: Int) async throws -> Result {
    var vectors: [Int: [Double]] = [:]
    var reasons: [String] = []
    var byteCount = 0
    try await Gathering(seats: seats, patience: patience).run { _ in
      (.task(header), body)
    } take: { outcome in
      byteCount += body.byteCount
      switch outcome.answer {
      case .success((.sums(let sums), _)) where sums.count == count && sums.allSatisfy(Judgement.staysFinite):
        byteCount += 8 * count
        vectors[outcome.index] = sums
        try recorder?.note(
          .words64(sums.map(\.bitPattern)), from: seats[outcome.index].name, round: header.round,
          attempt: header.number,
          what: "sums")
      case .success: reasons.append("\(CoordinationError.malformedMessage(from: seats[outcome.index].name))")
      case .failure(let error): reasons.append("\(error)")
      }
    }
    try check(vectors.count, header, reasons)
    var total = [Double](repeating: 0, count: count)
    for (_, vector) in vectors.sorted(by: { $0.key < $1.key }) {
      for index in total.indices { total[index] += vector[index] }
    }
    return Result(segments: [total], contributors: vectors.keys.sorted(), byteCount: byteCount)
  }

  func check(_ contributors: Int, _ header: TaskHeader, _ reasons: [String]) throws {
    let needed = federated.needed(of: seats.count)
    guard contributors >= needed else {
      throw CoordinationError.tooFewWorkers(
        round: header.round, answered: contributors, needed: needed, reasons: reasons)
    }
  }
}

extension Job.FederatedPart {
  /// How many of a cohort must have contributed for a round to count.
  func needed(of cohort: Int) -> Int { max(minimumClients, Int((quorum * Double(cohort)).rounded(.up))) }
}
