import NIOConcurrencyHelpers

/// Messages from one party to another, and the tasks that wait for them.
final class Mailbox: Sendable {
  /// How a wait ended.
  enum Outcome: Sendable {
    case message(Message)
    case receiverFailed(ChannelError)
    case senderGone, expired, cancelled
  }

  enum Delivery {
    case delivered
    case senderFailed(ChannelError)
    case receiverGone
  }

  private struct Waiter: Sendable {
    let number: UInt64
    let deadline: MonotonicTime
    /// Whoever takes a waiter out of the queue, which happens under the lock, resumes it: so exactly once.
    let continuation: UnsafeContinuation<Outcome, Never>
  }

  private struct State: Sendable {
    var messages = Queue<Message>()
    var waiters = Queue<Waiter>()
    var lastNumber: UInt64 = 0
    var senderFailure: ChannelError?
    var receiverFailure: ChannelError?

    /// What a receiver gets without waiting.
    mutating func take() -> Outcome? {
      if let receiverFailure { return .receiverFailed(receiverFailure) }
      if let message = messages.popFirst() { return .message(message) }
      return senderFailure == nil ? nil : .senderGone
    }

    mutating func removeWaiters() -> [Waiter] {
      defer { waiters.removeAll() }
      return waiters.contents
    }
  }

  private let state = NIOLockedValueBox(State())

  func put(_ message: Message) -> Delivery {
    let (delivery, waiter): (Delivery, Waiter?) = state.withLockedValue { state in
      if let failure = state.senderFailure { return (.senderFailed(failure), nil) }
      if state.receiverFailure != nil { return (.receiverGone, nil) }
      if let waiter = state.waiters.popFirst() { return (.delivered, waiter) }
      state.messages.append(message)
      return (.delivered, nil)
    }
    waiter?.continuation.resume(returning: .message(message))
    return delivery
  }

  /// The next message or the reason why there is none; `nil` if it must be waited for.
  func take() -> Outcome? { state.withLockedValue { $0.take() } }

  /// Waits for the next message; `registered` is called once the wait is known to ``expire(at:)``.
  func wait(until deadline: MonotonicTime, registered: () -> Void) async -> Outcome {
    let number = state.withLockedValue { state in
      state.lastNumber += 1
      return state.lastNumber
    }
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let outcome = state.withLockedValue { state -> Outcome? in
          if let outcome = state.take() { return outcome }
          state.waiters.append(Waiter(number: number, deadline: deadline, continuation: continuation))
          return nil
        }
        if let outcome { return continuation.resume(returning: outcome) }
        registered()
        // A cancellation from before the registration found nothing to cancel.
        if Task.isCancelled { cancel(number) }
      }
    } onCancel: {
      cancel(number)
    }
  }

  private func cancel(_ number: UInt64) {
    let waiter = state.withLockedValue { $0.waiters.removeFirst { $0.number == number } }
    waiter?.continuation.resume(returning: .cancelled)
  }

  /// Ends the waits whose deadline has passed; the earliest deadline of those that remain.
  func expire(at now: MonotonicTime) -> MonotonicTime? {
    while let waiter = state.withLockedValue({ $0.waiters.removeFirst { $0.deadline <= now } }) {
      waiter.continuation.resume(returning: .expired)
    }
    return state.withLockedValue { $0.waiters.contents.map(\.deadline).min() }
  }

  /// The receiver's channel is broken: its waits end, and nothing is accepted any more.
  func failReceiver(_ error: ChannelError) {
    let waiters = state.withLockedValue { state in
      state.receiverFailure = state.receiverFailure ?? error
      state.messages.removeAll()
      return state.removeWaiters()
    }
    for waiter in waiters { waiter.continuation.resume(returning: .receiverFailed(error)) }
  }

  /// The sender's channel is broken: what it sent before can still be read.
  func failSender(_ error: ChannelError) {
    let waiters = state.withLockedValue { state in
      state.senderFailure = state.senderFailure ?? error
      return state.removeWaiters()
    }
    for waiter in waiters { waiter.continuation.resume(returning: .senderGone) }
  }
}
