internal import NIOConcurrencyHelpers
internal import Transports

/// Whole messages that wait for their receiver, and whoever waits for them or for room.
///
/// A message costs a lock and no copy; all waits share a timer.
final class Inbox: Sendable {
  private typealias Answer = Result<LinkMessage, LinkError>

  private struct Receiver {
    let number: UInt64
    let continuation: CheckedContinuation<Answer, Never>
    /// When it has waited long enough, and how long that is; never where there is none.
    let deadline: (end: ContinuousClock.Instant, patience: Duration)?
  }

  private struct Sender {
    let number: UInt64
    let message: LinkMessage
    let continuation: CheckedContinuation<LinkError?, Never>
  }

  private struct State {
    var messages = Queue<LinkMessage>()
    var byteCount = 0
    var receiver: Receiver?
    var senders = Queue<Sender>()
    /// What receivers are told once nothing is left, and senders at once.
    var end: (receiver: LinkError, sender: LinkError)?
    var nextNumber: UInt64 = 0
    var traffic = LinkTraffic()
  }

  private let peerName: String
  private let holderName: String
  private let limits: LinkLimits
  private let state: NIOLockedValueBox<State>
  private let alarm: Alarm

  /// For messages from the peer to the holder.
  init(of peerName: String, heldBy holderName: String = "", limits: LinkLimits) {
    self.peerName = peerName
    self.holderName = holderName
    self.limits = limits
    let state = NIOLockedValueBox(State())
    self.state = state
    alarm = Alarm { Inbox.expire(state, at: $0, waitingFor: peerName) }
  }

  /// Messages and bytes that have come.
  var traffic: LinkTraffic { state.withLockedValue { $0.traffic } }

  /// Whether a peer may send more.
  var hasRoom: Bool { state.withLockedValue { hasRoom($0) } }

  /// What receivers are told once nothing is left.
  var end: LinkError? { state.withLockedValue { $0.end?.receiver } }

  /// Takes a message, room or not; drops it after the end.
  func deliver(_ message: LinkMessage) {
    state.withLockedValue { if $0.end == nil { put(message, into: &$0) } }
  }

  /// Takes a message where there is room, else not.
  func offerAtOnce(_ message: LinkMessage) throws(LinkError) -> Bool {
    let outcome: Result<Bool, LinkError> = state.withLockedValue { state in
      if let end = state.end { return .failure(end.sender) }
      guard hasRoom(state), state.senders.isEmpty else { return .success(false) }
      put(message, into: &state)
      return .success(true)
    }
    return try outcome.get()
  }

  /// Takes a message as soon as there is room.
  func offer(_ message: LinkMessage) async throws(LinkError) {
    let number = takeNumber()
    let failure: LinkError? = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        state.withLockedValue { state in
          if let end = state.end { return continuation.resume(returning: end.sender) }
          if Task.isCancelled { return continuation.resume(returning: .cancelled(waitingFor: holderName)) }
          guard !hasRoom(state) || !state.senders.isEmpty else {
            put(message, into: &state)
            return continuation.resume(returning: nil)
          }
          state.senders.append(Sender(number: number, message: message, continuation: continuation))
        }
      }
    } onCancel: {
      let sender = state.withLockedValue { $0.senders.removeFirst { $0.number == number } }
      sender?.continuation.resume(returning: .cancelled(waitingFor: holderName))
    }
    if let failure { throw failure }
  }

  /// The next message, if it comes within `patience`.
  func receive(within patience: Duration) async throws(LinkError) -> LinkMessage {
    if let answer = state.withLockedValue({ answerAtOnce(&$0) }) { return try answer.get() }
    let number = takeNumber()
    let answer: Answer = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        state.withLockedValue { wait(number, continuation, patience, &$0) }
      }
    } onCancel: {
      giveUp(number, .cancelled(waitingFor: peerName))
    }
    return try answer.get()
  }

  /// No more messages: receivers get `receiver` after those that have come, or at once where these are dropped.
  func finish(receiver error: LinkError, sender: LinkError, droppingMessages: Bool) {
    let (waiting, senders) = state.withLockedValue { state in
      if droppingMessages {
        state.messages.removeAll()
        state.byteCount = 0
        state.end = (error, state.end?.sender ?? sender)
      } else if state.end == nil {
        state.end = (error, sender)
      }
      let ended = (state.receiver, state.senders.contents)
      state.receiver = nil
      state.senders.removeAll()
      return ended
    }
    alarm.cancel()
    waiting?.continuation.resume(returning: .failure(error))
    for waiting in senders { waiting.continuation.resume(returning: sender) }
  }

  private func hasRoom(_ state: State) -> Bool {
    state.end != nil || (state.byteCount < limits.queuedByteCount && state.messages.count < limits.queuedMessageCount)
  }

  private func takeNumber() -> UInt64 {
    state.withLockedValue { state in
      state.nextNumber += 1
      return state.nextNumber
    }
  }

  private func put(_ message: LinkMessage, into state: inout State) {
    state.traffic.messagesReceived += 1
    state.traffic.bytesReceived += message.byteCount
    if let receiver = state.receiver {
      state.receiver = nil
      receiver.continuation.resume(returning: .success(message))
    } else {
      state.byteCount += message.byteCount
      state.messages.append(message)
    }
  }

  private func answerAtOnce(_ state: inout State) -> Answer? {
    guard let message = state.messages.popFirst() else { return state.end.map { .failure($0.receiver) } }
    state.byteCount -= message.byteCount
    while hasRoom(state), let sender = state.senders.popFirst() {
      put(sender.message, into: &state)
      sender.continuation.resume(returning: nil)
    }
    return .success(message)
  }

  private func wait(
    _ number: UInt64, _ continuation: CheckedContinuation<Answer, Never>, _ patience: Duration, _ state: inout State
  ) {
    if let answer = answerAtOnce(&state) { return continuation.resume(returning: answer) }
    if Task.isCancelled { return continuation.resume(returning: .failure(.cancelled(waitingFor: peerName))) }
    guard patience > .zero else {
      return continuation.resume(returning: .failure(.timedOut(waitingFor: peerName, after: patience)))
    }
    precondition(state.receiver == nil, "two tasks receive from \(peerName) at a time")
    // Longer than a year is for ever; the clock cannot add much more.
    let deadline = patience < .seconds(31_536_000) ? (end: ContinuousClock.now + patience, patience: patience) : nil
    state.receiver = Receiver(number: number, continuation: continuation, deadline: deadline)
    if let deadline { alarm.set(deadline.end) }
  }

  /// Ends a wait that is over, or says when the one under way will be.
  private static func expire(
    _ state: NIOLockedValueBox<State>, at now: ContinuousClock.Instant, waitingFor peerName: String
  ) -> ContinuousClock.Instant? {
    let (late, next): (Receiver?, ContinuousClock.Instant?) = state.withLockedValue { state in
      guard let receiver = state.receiver, let deadline = receiver.deadline else { return (nil, nil) }
      guard deadline.end <= now else { return (nil, deadline.end) }
      state.receiver = nil
      return (receiver, nil)
    }
    if let late, let patience = late.deadline?.patience {
      late.continuation.resume(returning: .failure(.timedOut(waitingFor: peerName, after: patience)))
    }
    return next
  }

  private func giveUp(_ number: UInt64, _ error: LinkError) {
    let receiver: Receiver? = state.withLockedValue { state in
      guard let receiver = state.receiver, receiver.number == number else { return nil }
      state.receiver = nil
      return receiver
    }
    receiver?.continuation.resume(returning: .failure(error))
  }
}

extension LinkMessage {
  /// Bytes of header and body.
  public var byteCount: Int { header.count + body.byteCount }

  /// Refuses what no peer would take.
  func check(for peer: String, _ limits: LinkLimits) throws(LinkError) {
    guard header.count <= LinkMessage.largestHeader else {
      throw .oversizedMessage(peer: peer, byteCount: header.count, limit: LinkMessage.largestHeader)
    }
    guard body.byteCount <= limits.bodyByteCount else {
      throw .oversizedMessage(peer: peer, byteCount: body.byteCount, limit: limits.bodyByteCount)
    }
  }
}
