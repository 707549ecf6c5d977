import Learning
import Links
import Paillier
import SecureAggregation

/// One attempt of a cohort to add vectors that nobody sees: the task, then the stages of the aggregation.
struct HidingRound: Sendable {
  let seats: [WorkerSeat]
  let asked: AskedQuestion
  let header: TaskHeader
  let patience: Duration
  let recorder: RunRecorder?
  /// Where there are key-holders.
  let opener: SumOpener?
  /// Where updates are shared among parties.
  let parties: SharedParties?
  /// With fewer updates than this the round does not count.
  let needed: Int

  struct Sum: Sendable {
    let words: [UInt64]
    let contributors: [Int]
    let reasons: [String]
    let byteCount: Int
  }

  /// - Parameter weights: the body of the task.
  func run(weights: LinkBody, aggregation: Aggregation, plan: HidingPlan) async throws -> Sum {
    var reasons: [String] = []
    var byteCount = 0
    var ready: [Int] = []
    try await Gathering(seats: seats, patience: patience).run { _ in
      (.task(header), weights)
    } take: { outcome in
      byteCount += weights.byteCount
      switch outcome.answer {
      case .success: ready.append(outcome.index)
      case .failure(let error): reasons.append("\(error)")
      }
    }
    let clients = ready.sorted()
    guard clients.count >= plan.minimumClients else {
      return Sum(words: [], contributors: clients, reasons: reasons, byteCount: byteCount)
    }
    var server = try server(aggregation, plan, clients, weights)
    let names = clients.map { seats[$0].name }
    var bodies = try await server.begin()
    var number = 0
    while true {
      let (asked, stage) = (bodies, number)
      var answers: [Int: LinkBody] = [:]
      try await Gathering(seats: seats, patience: patience).run { index in
        asked[index].map { (.stage(task: header.number, number: stage, clients: names), $0) }
      } take: { outcome in
        byteCount += asked[outcome.index]?.byteCount ?? 0
        switch outcome.answer {
        case .success(let answer):
          byteCount += answer.body.byteCount
          try recorder?.note(
            answer.body, from: seats[outcome.index].name, round: header.round, attempt: header.number,
            what: "stage\(number)")
          answers[outcome.index] = answer.body
        case .failure(let error): reasons.append("\(error)")
        }
      }
      let step: HidingStep
      do {
        step = try await server.receive(answers)
      } catch let error as SecureAggregationError {
        // Too few are left, or their secrets do not fit together: this attempt opens nothing, and another may follow.
        return Sum(
          words: [], contributors: [], reasons: reasons + server.refusals + ["\(error)"], byteCount: byteCount)
      }
      switch step {
      case .stage(let next): bodies = next
      case .finished(let words, let contributors):
        return Sum(
          words: words, contributors: contributors, reasons: reasons + server.refusals,
          byteCount: byteCount + server.otherByteCount)
      }
      number += 1
    }
  }

  /// The protocol's half here, for those of the cohort who have their vector ready.
  private func server(_ aggregation: Aggregation, _ plan: HidingPlan, _ clients: [Int], _ weights: LinkBody) throws
    -> any HidingServer
  {
    switch aggregation {
    case .masked:
      return try MaskedAggregation(
        plan, context: try asked.digest(header, weights), members: clients.map { ($0, seats[$0]) })
    case .paillier:
      guard let opener else { throw SumOpener.missing }
      let occasion = SumOpener.Occasion(attempt: header.number, round: header.round, patience: patience)
      return try PaillierAggregation(
        plan, key: opener.holders.key.publicKey, members: clients.map { ($0, seats[$0].name) }, needed: needed
      ) { try await opener.open($0, occasion) }
    case .shared:
      guard let parties else { throw SharedParties.missing }
      return SharedAggregation(
        plan, attempt: header.number, members: clients.map { ($0, seats[$0].name) }, needed: needed,
        patience: patience, parties: parties)
    case .open: throw CoordinationError.setting("federated.aggregation", reason: "is open and hides nothing")
    }
  }
}
