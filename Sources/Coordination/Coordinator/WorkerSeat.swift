import Crypto
import Identity
import Links
import NIOConcurrencyHelpers
import Transports

/// The place of one worker at a coordinator: its link, while it has one, and the question it works on.
///
/// A worker answers one question at a time. One that is late keeps its seat busy until its answer comes, which nobody uses then.
final class WorkerSeat: Sendable {
  typealias Answer = (reply: WorkerMessage.Reply, body: LinkBody)
  /// An answer, or why there is none.
  typealias Outcome = Result<Answer, CoordinationError>

  /// A question without an answer yet.
  private struct Open {
    /// Who waits; nobody does for one that is late or abandoned.
    var take: (@Sendable (Outcome) -> Void)?
    let start: ContinuousClock.Instant
    let patience: Duration
    let byteCount: Int

    var deadline: ContinuousClock.Instant { start + patience }
  }

  private struct State {
    var link: (any Link)?
    var key: P256.Signing.PublicKey?
    var reader: Task<Void, Never>?
    var nextQuestion = 0
    var open: [Int: Open] = [:]
    var generation = 0
    var latency: Double?
    var sent = 0
    var received = 0
  }

  let name: String
  private let state: NIOLockedValueBox<State>
  private let alarm: Alarm

  init(name: String) {
    self.name = name
    let state = NIOLockedValueBox(State())
    self.state = state
    alarm = Alarm { WorkerSeat.expire(state, at: $0, name: name) }
  }

  /// Counts the links this worker has had: what was agreed on an older one is void.
  var generation: Int { state.withLockedValue { $0.generation } }
  /// The key of the certificate that the worker connected with last.
  var key: P256.Signing.PublicKey? { state.withLockedValue { $0.key } }
  /// The thread that the link's messages come in on.
  var executor: (any TaskExecutor)? { state.withLockedValue { $0.link }?.executor }
  var isOnline: Bool { state.withLockedValue { $0.link != nil } }
  var isIdle: Bool { state.withLockedValue { $0.link != nil && $0.open.isEmpty } }

  var status: WorkerStatus {
    state.withLockedValue { state in
      WorkerStatus(
        name: name, condition: state.link == nil ? .offline : state.open.isEmpty ? .idle : .busy,
        latencySeconds: state.latency, bytesSent: state.sent, bytesReceived: state.received)
    }
  }

  /// Takes over a link; an older one of this worker is closed.
  func attach(_ link: any Link, key: P256.Signing.PublicKey?, changed: @escaping @Sendable () -> Void) {
    let (old, waiters) = state.withLockedValue { state in
      let old = state.link
      let waiters = Self.detach(&state)
      state.link = link
      state.key = key ?? (try? CertifiedKey.key(of: link.peer.certificate))
      state.generation += 1
      let generation = state.generation
      state.reader = Task { [weak self] in
        // An answer goes on to who waits from the thread that it came in on.
        await withTaskExecutorPreference(link.executor) { await self?.read(link) }
        self?.drop(generation)
        changed()
      }
      return (old, waiters)
    }
    for waiter in waiters { waiter(.failure(.gone(name))) }
    changed()
    if let old { Task { await old.close() } }
  }

  /// Asks and waits for the answer.
  ///
  /// - Throws: ``CoordinationError/late(_:after:)``, ``CoordinationError/gone(_:)``, ``CoordinationError/workerFailed(_:reason:)``.
  func ask(_ message: CoordinatorMessage, body: LinkBody = .none, within patience: Duration) async throws -> Answer {
    let (outcomes, entry) = AsyncStream.makeStream(of: Outcome.self)
    let number = try put(message, body: body, within: patience) { entry.yield($0) }
    for await outcome in outcomes where !Task.isCancelled { return try outcome.get() }
    abandon(number)
    throw CancellationError()
  }

  /// Puts a question; gives its number.
  ///
  /// - Parameter take: called once, on any thread, with what ``ask(_:body:within:)`` gives or throws, unless the question is abandoned before.
  /// - Throws: ``CoordinationError/gone(_:)``.
  func put(
    _ message: CoordinatorMessage, body: LinkBody, within patience: Duration,
    take: @escaping @Sendable (Outcome) -> Void
  ) throws -> Int {
    let number = state.withLockedValue { state in
      state.nextQuestion += 1
      return state.nextQuestion
    }
    let outgoing = try MessageCoding.message(Question(number: number, message: message), body: body)
    let open = Open(take: take, start: .now, patience: patience, byteCount: outgoing.byteCount)
    let link = state.withLockedValue { state in
      if state.link != nil { state.open[number] = open }
      return state.link
    }
    guard let link else { throw CoordinationError.gone(name) }
    alarm.set(open.deadline)
    do {
      if try !link.sendAtOnce(outgoing) { sendLater(outgoing, on: link, number) }
    } catch {
      giveUp(number)
    }
    return number
  }

  /// Nobody wants the answer any more.
  func abandon(_ number: Int) { state.withLockedValue { $0.open[number]?.take = nil } }

  /// Says something that has no answer.
  func tell(_ message: CoordinatorMessage) async {
    guard let link = state.withLockedValue({ $0.link }),
      let outgoing = try? MessageCoding.message(Question(number: 0, message: message))
    else { return }
    try? await link.send(outgoing)
  }

  func close() async {
    let (link, waiters) = state.withLockedValue { state in
      let link = state.link
      return (link, Self.detach(&state))
    }
    for waiter in waiters { waiter(.failure(.gone(name))) }
    await link?.close()
  }

  /// Sends a question when there is room, be it late by then: a part of it may have gone, and the seat is busy until its answer.
  private func sendLater(_ message: LinkMessage, on link: any Link, _ number: Int) {
    Task { do { try await link.send(message) } catch { giveUp(number) } }
  }

  /// A question cannot be sent.
  private func giveUp(_ number: Int) {
    let open = state.withLockedValue { $0.open.removeValue(forKey: number) }
    open?.take?(.failure(.gone(name)))
  }

  /// Ends the waits that are over, whose questions stay open, and says when the next one will be.
  private static func expire(
    _ state: NIOLockedValueBox<State>, at now: ContinuousClock.Instant, name: String
  ) -> ContinuousClock.Instant? {
    var late: [Open] = []
    let next = state.withLockedValue { state in
      for (number, open) in state.open where open.take != nil && open.deadline <= now {
        late.append(open)
        state.open[number]?.take = nil
      }
      return state.open.values.filter { $0.take != nil }.map(\.deadline).min()
    }
    for open in late { open.take?(.failure(.late(name, after: open.patience))) }
    return next
  }

  private func read(_ link: any Link) async {
    while let message = try? await link.receive(within: .seconds(365 * 86_400)) {
      guard let answer = try? MessageCoding.answer(of: message, from: name) else { return await link.close() }
      let open = state.withLockedValue { state in
        state.received += message.byteCount
        // An answer to a question that is not open is a replay or made up; nobody waits for it.
        let open = state.open.removeValue(forKey: answer.question)
        if let open, open.take != nil {
          state.latency = (ContinuousClock.now - open.start) / .seconds(1)
          state.sent += open.byteCount
        }
        return open
      }
      if case .failed(let reason) = answer.reply {
        open?.take?(.failure(.workerFailed(name, reason: reason)))
      } else {
        open?.take?(.success((answer.reply, message.body)))
      }
    }
  }

  private func drop(_ generation: Int) {
    let waiters = state.withLockedValue { state in
      state.generation == generation ? Self.detach(&state) : []
    }
    for waiter in waiters { waiter(.failure(.gone(name))) }
  }

  /// Lets go of the link; gives those who wait for answers on it.
  private static func detach(_ state: inout State) -> [@Sendable (Outcome) -> Void] {
    state.link = nil
    state.reader?.cancel()
    state.reader = nil
    defer { state.open = [:] }
    return state.open.values.compactMap(\.take)
  }
}
