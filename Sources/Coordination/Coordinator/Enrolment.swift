import Datasets
import Learning
import NIOConcurrencyHelpers

/// Which workers take part in a job: asks each that connects, and again each that comes back.
final class Enrolment: Sendable {
  private struct State {
    /// The link on which a worker has agreed, and on which it knows how to prepare its rows.
    var agreed: [String: Int] = [:]
    var prepared: [String: Int] = [:]
    var refusals: [String: String] = [:]
    /// All that ever agreed, in order of their names.
    var roster: [String] = []
  }

  private let offer: JobOffer
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

  /// Whether a worker can be asked now.
  func isReady(_ seat: WorkerSeat) -> Bool {
    seat.isIdle && state.withLockedValue { $0.agreed[seat.name] == seat.generation }
  }

  /// Asks those who are there and have not been asked on their present connection; true if somebody new has agreed.
  @discardableResult
  func ask(_ preprocessing: Preprocessing??) async -> Bool {
    let wanted = Set(offer.workers)
    let seats = registry.seats.filter { seat in
      (wanted.isEmpty || wanted.contains(seat.name)) && seat.isIdle
    }
    let before = roster
    await withTaskGroup(of: Void.self) { group in
      for seat in seats { group.addTask { await self.ask(seat, preprocessing) } }
    }
    return roster != before
  }

  private func ask(_ seat: WorkerSeat, _ preprocessing: Preprocessing??) async {
    let generation = seat.generation
    let (isNew, isUnprepared) = state.withLockedValue { state in
      (state.agreed[seat.name] != generation && state.refusals[seat.name] == nil, state.prepared[seat.name] != generation)
    }
    do {
      if isNew {
        switch try await seat.ask(.offer(offer), within: deadline).reply {
        case .accepted: enter(seat.name, generation)
        case .refused(let reason):
          state.withLockedValue { $0.refusals[seat.name] = reason }
          return
        case .ready, .vector, .stage, .failed: throw CoordinationError.malformedMessage(from: seat.name)
        }
      }
      guard let preprocessing, isUnprepared, state.withLockedValue({ $0.agreed[seat.name] == generation }) else { return }
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

  private func enter(_ name: String, _ generation: Int) {
    state.withLockedValue { state in
      state.agreed[name] = generation
      if !state.roster.contains(name) { state.roster = (state.roster + [name]).sorted() }
    }
  }
}
