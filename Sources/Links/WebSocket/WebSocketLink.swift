internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
public import Transports

/// A link over WebSocket and mutual TLS: one conversation, however many connections carry it one after the other.
///
/// Each direction is a stream of numbered pieces of at most 256 KiB. A receiver says how many it has and how many it
/// will take; a sender keeps a message until the peer has all of it. After a cut the dialling end connects again, both
/// say how far they have come, and the streams go on from there. ``LinkServer`` and ``WebSocketDialer`` make the ends.
///
/// - Cost: a body is copied once at each end (into frames, out of frames); a small message costs a frame of 38 bytes
///   more than it has, and two task switches.
public final class WebSocketLink: Link {
  struct State {
    var outbox = Outbox()
    var assembler: Assembler
    var carrier: Carrier?
    var failure: LinkError?
    var isClosing = false
    var closers: [CheckedContinuation<Void, Never>] = []
    /// What the peer was told last.
    var announced: (received: UInt64, granted: UInt64) = (0, WebSocketLink.window)
    var owesAcknowledgement = false
    /// Whether the connection has been told that there is something to send.
    var isWoken = false
    var healing: Scheduled<Void>?
    var connectionCount = 0
    var roundTrip: Duration?
    var nextID: UInt64 = 0
  }

  /// Pieces that may be on their way.
  static let window: UInt64 = 32
  /// How many pieces may come before they are acknowledged.
  static let acknowledgementInterval: UInt64 = 8

  public let peer: PeerIdentity
  let session: String
  let limits: LinkLimits
  let inbox: Inbox
  let state: NIOLockedValueBox<State>
  /// What the dialling end does about a cut.
  private let redial: (@Sendable (WebSocketLink) -> Void)?
  private let onEnd: @Sendable () -> Void

  init(
    to peer: PeerIdentity, session: String, limits: LinkLimits, redial: (@Sendable (WebSocketLink) -> Void)? = nil,
    onEnd: @escaping @Sendable () -> Void = {}
  ) {
    self.peer = peer
    self.session = session
    self.limits = limits
    self.redial = redial
    self.onEnd = onEnd
    inbox = Inbox(of: peer.name, limits: limits)
    state = NIOLockedValueBox(
      State(assembler: Assembler(peer: peer.name, largestBody: limits.bodyByteCount, granted: WebSocketLink.window)))
  }

  public var traffic: LinkTraffic {
    var traffic = inbox.traffic
    state.withLockedValue { state in
      let sent = state.outbox.traffic
      traffic.messagesSent = sent.messagesSent
      traffic.bytesSent = sent.bytesSent
      traffic.bytesResent = sent.bytesResent
      traffic.connectionCount = state.connectionCount
      traffic.roundTrip = state.roundTrip
    }
    return traffic
  }

  public func send(_ message: LinkMessage) async throws(LinkError) {
    try message.check(for: peer.name, limits)
    let id = state.withLockedValue { state in
      state.nextID += 1
      return state.nextID
    }
    let failure: LinkError? = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in enqueue(message, id, continuation) }
    } onCancel: {
      let waiter = state.withLockedValue { $0.outbox.abandon(id: id) }
      waiter?.resume(returning: .cancelled(waitingFor: peer.name))
    }
    if let failure { throw failure }
  }

  public func sendAtOnce(_ message: LinkMessage) throws(LinkError) -> Bool {
    try message.check(for: peer.name, limits)
    let outcome: Result<Bool, LinkError> = state.withLockedValue { state in
      if let failure = state.isClosing ? .closedHere : state.failure { return .failure(failure) }
      guard state.outbox.hasRoom(for: message) else { return .success(false) }
      state.nextID += 1
      state.outbox.add(message, id: state.nextID, waiter: nil)
      return .success(true)
    }
    let isTaken = try outcome.get()
    if isTaken { wake() }
    return isTaken
  }

  public var executor: (any TaskExecutor)? {
    state.withLockedValue { $0.carrier?.channel.eventLoop }.map { LoopExecutor($0) }
  }

  public func receive(within patience: Duration) async throws(LinkError) -> LinkMessage {
    let message = try await inbox.receive(within: patience)
    grantMore()
    return message
  }

  public func close() async {
    inbox.finish(receiver: .closedHere, sender: .closedHere, droppingMessages: true)
    let isFirst = state.withLockedValue { state in
      guard state.failure == nil, !state.isClosing else { return false }
      state.isClosing = true
      state.outbox.add(LinkMessage(header: []), id: 0, waiter: nil, isFarewell: true)
      state.owesAcknowledgement = true
      return true
    }
    if isFirst {
      wake()
      let patience = MultiThreadedEventLoopGroup.singleton.next()
        .scheduleTask(in: TimeAmount(limits.farewell)) { self.fail(.closedHere) }
      await waitForTheEnd()
      patience.cancel()
    } else {
      await waitForTheEnd()
    }
  }

  /// Ends the link: all who wait get `error`, and so does everybody later.
  func fail(_ error: LinkError, keepingConnection: Bool = false) {
    let ended: (error: LinkError, Carrier?, [Outbox.Waiter], [CheckedContinuation<Void, Never>])? =
      state.withLockedValue { state in
        guard state.failure == nil else { return nil }
        let error = state.isClosing ? .closedHere : error
        state.failure = error
        defer {
          state.carrier = nil
          state.closers = []
        }
        state.healing?.cancel()
        state.healing = nil
        return (error, state.carrier, state.outbox.removeAll(), state.closers)
      }
    guard let (error, carrier, senders, closers) = ended else { return }
    inbox.finish(receiver: error, sender: error, droppingMessages: false)
    for sender in senders { sender.resume(returning: error) }
    for closer in closers { closer.resume() }
    if !keepingConnection { carrier?.channel.close(promise: nil) }
    onEnd()
  }

  /// Whether the link has ended.
  var failure: LinkError? { state.withLockedValue { $0.failure } }

  /// A connection is gone: the link heals or is lost.
  func detach(_ carrier: Carrier) {
    let mustDial = state.withLockedValue { state in
      guard carrier.isSame(as: state.carrier) else { return false }
      state.carrier = nil
      state.assembler.dropPiece()
      guard state.failure == nil else { return false }
      let error = LinkError.lost(peer: peer.name, after: limits.healing)
      state.healing = carrier.channel.eventLoop.scheduleTask(in: TimeAmount(limits.healing)) { self.fail(error) }
      return true
    }
    if mustDial { redial?(self) }
  }

  private func enqueue(_ message: LinkMessage, _ id: UInt64, _ continuation: Outbox.Waiter) {
    let isTaken = state.withLockedValue { state in
      if let failure = state.isClosing ? .closedHere : state.failure {
        continuation.resume(returning: failure)
        return false
      }
      if Task.isCancelled {
        continuation.resume(returning: .cancelled(waitingFor: peer.name))
        return false
      }
      state.outbox.add(message, id: id, waiter: continuation)
      return true
    }
    if isTaken { wake() }
  }

  private func waitForTheEnd() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLockedValue { state in
        if state.failure == nil { state.closers.append(continuation) }
        return state.failure != nil
      }
      if isOver { continuation.resume() }
    }
  }

  /// There is room again, which the peer should know.
  private func grantMore() {
    let isDue = state.withLockedValue { state in
      guard state.announced.granted < state.assembler.received + WebSocketLink.window / 2, inbox.hasRoom else {
        return false
      }
      state.owesAcknowledgement = true
      return true
    }
    if isDue { wake() }
  }

  private func wake() {
    let carrier: Carrier? = state.withLockedValue { state in
      guard !state.isWoken, let carrier = state.carrier else { return nil }
      state.isWoken = true
      return carrier
    }
    carrier?.wake()
  }
}
