import Datasets
import Learning
import NIOConcurrencyHelpers
import Tensors

/// Which workers take part in a job: asks each that connects, and again each that comes back.
final class Enrolment: Sendable {
  private struct State {
    /// The link on which a worker has agreed, and on which it knows how to prepare its rows.
    var agreed: [String: Int] = [:]
    var prepared: [String: Int] = [:]
    var refusals: [String: String] = [:]
    var outlines: [String: TableOutline] = [:]
    var examples: [String: [Int]] = [:]
    /// All that ever agreed, in order of their names.
    var roster: [String] = []
  }

  let offer: JobOffer
  private let registry: WorkerRegistry
  private let deadline: Duration
  private let state: NIOLockedValueBox<State>

  init(_ offer: JobOffer, roster: [String], registry: WorkerRegistry, deadline: Duration) {
    self.offer = offer
    self.registry = registry
    self.deadline = deadline
    state = NIOLockedValueBox(State(roster: roster))
  }

  var roster: [String] { state.withLockedValue { $0.roster } }
  var refusals: [String] {
    state.withLockedValue { $0.refusals.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" } }
  }

  /// What the columns of all tables mean; `nil` where the workers have examples instead.
  func agreedSchema() throws -> Schema? {
    let (outlines, examples) = state.withLockedValue { ($0.outlines, $0.examples) }
    guard !outlines.isEmpty else { return nil }
    guard examples.isEmpty else {
      throw CoordinationError.data(reason: "some workers have tables and others have none")
    }
    return try TableOutline.agreed(outlines)
  }

  /// The shape of one example, where rows are no table.
  func agreedExample() throws -> Shape {
    let shapes = Set(state.withLockedValue { $0.examples.values })
    guard let shape = shapes.first, shapes.count == 1, Shape.isReasonable(shape) else {
      throw CoordinationError.data(reason: "the workers' examples are not of one shape")
    }
    return Shape(shape)
  }

  /// Whether a worker can be asked now.
  func isReady(_ seat: WorkerSeat) -> Bool {
    seat.isIdle && state.withLockedValue { $0.agreed[seat.name] == seat.generation }
  }

  /// Whether somebody is there who has not been asked on the present connection.
  func isDue(_ preprocessing: Preprocessing??) -> Bool { !unasked(preprocessing).isEmpty }

  private func unasked(_ preprocessing: Preprocessing??) -> [WorkerSeat] {
    let wanted = Set(offer.workers)
    return registry.seats.filter { seat in
      guard wanted.isEmpty || wanted.contains(seat.name), seat.isIdle else { return false }
      let step = step(seat.name, seat.generation)
      return step.isNew || preprocessing != nil && step.isUnprepared
    }
  }

  /// What is left to be asked on a worker's present connection; one that has refused stays out.
  private func step(_ name: String, _ generation: Int) -> (isNew: Bool, isUnprepared: Bool) {
    state.withLockedValue { state in
      let hasAgreed = state.agreed[name] == generation
      let hasRefused = state.refusals[name] != nil
      return (!hasAgreed && !hasRefused, state.prepared[name] != generation && (hasAgreed || !hasRefused))
    }
  }

  /// Asks those who are there and have not been asked on their present connection; true if somebody new has agreed.
  @discardableResult
  func ask(_ preprocessing: Preprocessing??) async -> Bool {
    let seats = unasked(preprocessing)
    guard !seats.isEmpty else { return false }
    let before = roster
    await withTaskGroup(of: Void.self) { group in
      for seat in seats { group.addTask { await self.ask(seat, preprocessing) } }
    }
    return roster != before
  }

  private func ask(_ seat: WorkerSeat, _ preprocessing: Preprocessing??) async {
    let generation = seat.generation
    let (isNew, isUnprepared) = step(seat.name, generation)
    do {
      if isNew {
        switch try await seat.ask(.offer(offer), within: deadline).reply {
        case .accepted(let outline, let example): enter(seat.name, generation, outline, example)
        case .refused(let reason):
          state.withLockedValue { $0.refusals[seat.name] = reason }
          return
        case .ready, .update, .sums, .stage, .shared, .failed: throw CoordinationError.malformedMessage(from: seat.name)
        }
      }
      guard let preprocessing, isUnprepared, state.withLockedValue({ $0.agreed[seat.name] == generation }) else {
        return
      }
      _ = try await seat.ask(.prepare(preprocessing), within: deadline)
      state.withLockedValue { $0.prepared[seat.name] = generation }
    } catch CoordinationError.workerFailed(_, let reason) {
      state.withLockedValue { state in
        state.refusals[seat.name] = reason
        state.agreed[seat.name] = nil
      }
    } catch {
      // It is gone or silent; it is asked again when it is back.
    }
  }

  private func enter(_ name: String, _ generation: Int, _ outline: TableOutline?, _ example: [Int]?) {
    state.withLockedValue { state in
      state.outlines[name] = outline
      state.examples[name] = example
      state.agreed[name] = generation
      if !state.roster.contains(name) { state.roster = (state.roster + [name]).sorted() }
    }
  }
}
