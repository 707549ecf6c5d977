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

  private struct State {
    var link: (any Link)?
    var key: P256.Signing.PublicKey?
    var reader: Task<Void, Never>?
    var nextQuestion = 0
    /// Who waits, by question; none is left for one that is late.
    var waiting: [Int: CheckedContinuation<Answer, any Error>] = [:]
    /// Answers that came before anybody waited.
    var early: [Int: Answer] = [:]
    /// Questions without an answer yet.
    var open: Set<Int> = []
    /// Questions whose answer nobody wants any more.
    var abandoned: Set<Int> = []
    var generation = 0
    var latency: Double?
    var sent = 0
    var received = 0
  }

  let name: String
  private let state = NIOLockedValueBox(State())

  init(name: String) { self.name = name }

  /// Counts the links this worker has had: what was agreed on an older one is void.
  var generation: Int { state.withLockedValue { $0.generation } }
  /// The key of the certificate that the worker connected with last.
  var key: P256.Signing.PublicKey? { state.withLockedValue { $0.key } }
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
    let old = state.withLockedValue { state in
      let old = state.link
      detach(&state)
      state.link = link
      state.key = key ?? (try? CertifiedKey.key(of: link.peer.certificate))
      state.generation += 1
      let generation = state.generation
      state.reader = Task { [weak self] in
        await self?.read(link)
        self?.drop(generation)
        changed()
      }
      return old
    }
    changed()
    if let old { Task { await old.close() } }
  }

  /// Asks and waits for the answer.
  ///
  /// - Throws: ``CoordinationError/late(_:after:)``, ``CoordinationError/gone(_:)``, ``CoordinationError/workerFailed(_:reason:)``.
  func ask(_ message: CoordinatorMessage, body: LinkBody = .none, within patience: Duration) async throws -> Answer {
    let opened = state.withLockedValue { state -> (any Link, Int)? in
      guard let link = state.link else { return nil }
      state.nextQuestion += 1
      state.open.insert(state.nextQuestion)
      return (link, state.nextQuestion)
    }
    guard let (link, number) = opened else { throw CoordinationError.gone(name) }
    let outgoing = try MessageCoding.message(Question(number: number, message: message), body: body)
    let start = ContinuousClock.now
    let answer = try await withThrowingTaskGroup(of: Answer.self) { group in
      group.addTask { try await self.answer(to: number) }
      group.addTask {
        do {
          try await link.send(outgoing)
        } catch {
          throw CoordinationError.gone(self.name)
        }
        try await Task.sleep(for: patience - (ContinuousClock.now - start))
        throw CoordinationError.late(self.name, after: patience)
      }
      defer { group.cancelAll() }
      guard let first = try await group.next() else { throw CancellationError() }
      return first
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    state.withLockedValue {
      $0.latency = seconds
      $0.sent += outgoing.header.count + body.byteCount
    }
    if case .failed(let reason) = answer.reply { throw CoordinationError.workerFailed(name, reason: reason) }
    return answer
  }

  /// Says something that has no answer.
  func tell(_ message: CoordinatorMessage) async {
    guard let link = state.withLockedValue({ $0.link }),
      let outgoing = try? MessageCoding.message(Question(number: 0, message: message))
    else { return }
    try? await link.send(outgoing)
  }

  func close() async {
    let link = state.withLockedValue { state in
      let link = state.link
      detach(&state)
      return link
    }
    await link?.close()
  }

  private func answer(to number: Int) async throws -> Answer {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let known = state.withLockedValue { state -> Result<Answer, any Error>? in
          if let answer = state.early.removeValue(forKey: number) { return .success(answer) }
          guard state.open.contains(number) else { return .failure(CoordinationError.gone(name)) }
          guard !Task.isCancelled else { return .failure(CancellationError()) }
          state.waiting[number] = continuation
          return nil
        }
        if let known { continuation.resume(with: known) }
      }
    } onCancel: {
      let waiter = state.withLockedValue { state in
        if state.open.contains(number) { state.abandoned.insert(number) }
        return state.waiting.removeValue(forKey: number)
      }
      waiter?.resume(throwing: CancellationError())
    }
  }

  private func read(_ link: any Link) async {
    while let message = try? await link.receive(within: .seconds(365 * 86_400)) {
      guard let answer: WorkerMessage = try? MessageCoding.header(of: message, from: name) else {
        return await link.close()
      }
      let waiter = state.withLockedValue { state in
        state.received += message.header.count + message.body.byteCount
        // An answer to a question that is not open is a replay or made up; nobody waits for it.
        let isOpen = state.open.remove(answer.question) != nil
        let isAbandoned = state.abandoned.remove(answer.question) != nil
        let waiter = state.waiting.removeValue(forKey: answer.question)
        if waiter == nil, isOpen, !isAbandoned { state.early[answer.question] = (answer.reply, message.body) }
        return waiter
      }
      waiter?.resume(returning: (answer.reply, message.body))
    }
  }

  private func drop(_ generation: Int) {
    state.withLockedValue { state in
      guard state.generation == generation else { return }
      detach(&state)
    }
  }

  private func detach(_ state: inout State) {
    state.link = nil
    state.reader?.cancel()
    state.reader = nil
    for waiter in state.waiting.values { waiter.resume(throwing: CoordinationError.gone(name)) }
    state.waiting = [:]
    state.early = [:]
    state.open = []
    state.abandoned = []
  }
}
