import Federation
import Links

/// One attempt of a cohort to train, where the coordinator sees each update.
///
/// An average is formed in the order of the cohort, whatever the order of arrival, so that two runs agree bit for bit; updates that
/// are ahead of their turn wait in memory.
struct OpenRound: Sendable {
  let seats: [WorkerSeat]
  let header: TaskHeader
  let patience: Duration
  let strategy: ServerStrategy
  let reader: UpdateReader

  /// What the strategy makes a step from.
  enum Outcome: Sendable {
    case average(Average)
    case updates([Update])
  }

  struct Result: Sendable {
    var outcome: Outcome?
    var contributors: [Int] = []
    var judged = Judgement()
    var reasons: [String] = []
    var byteCount = 0
  }

  /// - Parameter asked: called once all workers have been asked.
  func run(weights: LinkBody, asked: () throws -> Void) async throws -> Result {
    var result = Result()
    var turn = Turn(count: seats.count)
    var fold = Fold(strategy: strategy, layout: reader.layout, extraCount: reader.extraCount)
    try await Gathering(seats: seats, patience: patience).run(
      { _ in (.task(header), weights) }, meanwhile: asked,
      take: { outcome in
        result.byteCount += weights.byteCount
        let name = seats[outcome.index].name
        do {
          let (update, vector) = try reader.update(
            outcome.answer.get(), from: name, round: header.round, attempt: header.number)
          result.byteCount += try outcome.answer.get().body.byteCount
          turn.arrived(outcome.index, (update, vector.judged))
        } catch {
          // An update that cannot be used is left out, as one that never came; the round goes on without it.
          result.reasons.append(error is CoordinationError ? "\(error)" : "\(name): \(error)")
          turn.missing(outcome.index)
        }
        while let (index, update, judged) = turn.next() {
          try fold.add(update)
          result.judged.add(judged)
          result.contributors.append(index)
        }
      })
    result.outcome = try fold.outcome()
    return result
  }
}

/// Hands on what arrives in the order of indices.
private struct Turn {
  private enum Place {
    case awaited
    case missing
    case here(Update, [Double])
  }

  private var places: [Place]
  private var position = 0

  init(count: Int) { places = [Place](repeating: .awaited, count: count) }

  mutating func arrived(_ index: Int, _ what: (Update, [Double])) { places[index] = .here(what.0, what.1) }
  mutating func missing(_ index: Int) { places[index] = .missing }

  mutating func next() -> (Int, Update, [Double])? {
    while position < places.count {
      switch places[position] {
      case .awaited: return nil
      case .missing: position += 1
      case .here(let update, let judged):
        places[position] = .missing
        position += 1
        return (position - 1, update, judged)
      }
    }
    return nil
  }
}

/// Updates on their way into an average, or kept side by side where the strategy compares them.
private struct Fold {
  private enum State {
    case averaging(any AveragingStrategy, RunningAverage)
    case comparing([Update])
  }

  private var state: State
  private var count = 0

  init(strategy: ServerStrategy, layout: WeightLayout, extraCount: Int) {
    switch strategy {
    case .averaging(let strategy):
      state = .averaging(strategy, RunningAverage(count: layout.count, extraCount: extraCount))
    case .comparing: state = .comparing([])
    }
  }

  mutating func add(_ update: Update) throws {
    count += 1
    switch state {
    case .averaging(let strategy, var average):
      // The old value is let go first, so that the sum is changed in place.
      state = .comparing([])
      try average.add(strategy.admitted(update), weight: strategy.weighting.weight(of: update))
      state = .averaging(strategy, average)
    case .comparing(var updates):
      state = .comparing([])
      updates.append(update)
      state = .comparing(updates)
    }
  }

  func outcome() throws -> OpenRound.Outcome? {
    guard count > 0 else { return nil }
    switch state {
    case .averaging(_, let average): return .average(try average.average())
    case .comparing(let updates): return .updates(updates)
    }
  }
}
