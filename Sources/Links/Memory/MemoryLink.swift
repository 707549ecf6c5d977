internal import NIOConcurrencyHelpers
public import Transports

/// A link to a peer in the same process, for simulations with thousands of workers.
///
/// A message is passed on as it is: its arrays are shared, not copied. Sending and receiving cost a lock each, waiting
/// a task switch; an end costs some hundred bytes.
public final class MemoryLink: Link {
  public let peer: PeerIdentity
  private let name: String
  private let limits: LinkLimits
  private let inbox: Inbox
  private let outbox: Inbox

  /// Two ends: the first is held by `first` and talks to `second`, the other one the other way round.
  public static func pair(
    _ first: PeerIdentity, _ second: PeerIdentity, limits: LinkLimits = LinkLimits()
  ) -> (MemoryLink, MemoryLink) {
    let toFirst = Inbox(of: second.name, heldBy: first.name, limits: limits)
    let toSecond = Inbox(of: first.name, heldBy: second.name, limits: limits)
    return (
      MemoryLink(of: first, to: second, limits, toFirst, toSecond),
      MemoryLink(of: second, to: first, limits, toSecond, toFirst)
    )
  }

  /// A coordinator's and a worker's end, of simulated identities without certificates.
  public static func pair(
    coordinator: String = "coordinator", worker: String, limits: LinkLimits = LinkLimits()
  ) -> (coordinator: MemoryLink, worker: MemoryLink) {
    let ends = pair(
      PeerIdentity(certificate: [], fingerprint: Array(coordinator.utf8), name: coordinator, role: "coordinator"),
      PeerIdentity(certificate: [], fingerprint: Array(worker.utf8), name: worker, role: "worker"), limits: limits)
    return (coordinator: ends.0, worker: ends.1)
  }

  private init(
    of own: PeerIdentity, to peer: PeerIdentity, _ limits: LinkLimits, _ inbox: Inbox, _ outbox: Inbox
  ) {
    self.peer = peer
    self.name = own.name
    self.limits = limits
    self.inbox = inbox
    self.outbox = outbox
  }

  // An end that nobody holds any more is closed.
  deinit { sayGoodbye() }

  public var traffic: LinkTraffic {
    var traffic = inbox.traffic
    let sent = outbox.traffic
    traffic.messagesSent = sent.messagesReceived
    traffic.bytesSent = sent.bytesReceived
    return traffic
  }

  public func send(_ message: LinkMessage) async throws(LinkError) {
    try message.check(for: peer.name, limits)
    try await outbox.offer(message)
  }

  public func sendAtOnce(_ message: LinkMessage) throws(LinkError) -> Bool {
    try message.check(for: peer.name, limits)
    return try outbox.offerAtOnce(message)
  }

  public func receive(within patience: Duration) async throws(LinkError) -> LinkMessage {
    try await inbox.receive(within: patience)
  }

  public func close() async { sayGoodbye() }

  private func sayGoodbye() {
    outbox.finish(receiver: .closed(by: name), sender: .closedHere, droppingMessages: false)
    inbox.finish(receiver: .closedHere, sender: .closed(by: name), droppingMessages: true)
  }
}
