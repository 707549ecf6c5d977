import NIOConcurrencyHelpers
import Synchronization

/// Channels among parties that live in one process: no bytes are copied, no thread is blocked.
///
/// A message is handed over through a locked mailbox for each ordered pair of parties, and resumes the task that waits
/// for it. Deadlines are watched by one task for the whole mesh, which runs only while somebody waits.
public enum MemoryMesh {
  /// One channel for each party, in order. Every wait ends after `deadline`.
  public static func channels(partyCount: Int, deadline: Duration = .seconds(60)) -> [MemoryChannel] {
    let hub = MemoryHub(partyCount: partyCount, deadline: deadline)
    return (0..<partyCount).map { MemoryChannel(party: $0, hub: hub) }
  }
}

/// One party's end of a ``MemoryMesh``.
public struct MemoryChannel: Channel {
  public let party: PartyID
  let hub: MemoryHub

  public var partyCount: Int { hub.partyCount }

  public func binding(with peer: PartyID) -> [UInt8] { [] }

  public func send(_ message: Message, to peer: PartyID) async throws(ChannelError) {
    try hub.send(message, from: party, to: peer)
  }

  public func receive(from peer: PartyID) async throws(ChannelError) -> Message {
    try await hub.receive(from: peer, at: party)
  }

  public func exchange(
    _ outgoing: [Outgoing], from sources: [PartyID]
  ) async throws(ChannelError) -> [Message] {
    for item in outgoing { try hub.send(item.message, from: party, to: item.peer) }
    var messages: [Message] = []
    messages.reserveCapacity(sources.count)
    for source in sources { messages.append(try await hub.receive(from: source, at: party)) }
    return messages
  }

  public func close() async { _ = hub.breakChannel(of: party, with: .closedHere) }
}

/// The mailboxes of a memory mesh, and what broke which party's channel.
final class MemoryHub: Sendable {
  let partyCount: Int
  private let deadline: Duration
  /// The mailbox from party `a` to party `b` is number `a * partyCount + b`.
  private let mailboxes: [Mailbox]
  private let failures: NIOLockedValueBox<[ChannelError?]>
  private let isWatched = Atomic(false)

  init(partyCount: Int, deadline: Duration) {
    self.partyCount = partyCount
    self.deadline = deadline
    mailboxes = (0..<partyCount * partyCount).map { _ in Mailbox() }
    failures = NIOLockedValueBox([ChannelError?](repeating: nil, count: partyCount))
  }

  /// The mailbox between a party and a peer, in one of the two directions.
  private func mailbox(_ party: PartyID, _ peer: PartyID, isOutgoing: Bool) throws(ChannelError) -> Mailbox {
    guard party != peer, (0..<partyCount).contains(peer) else {
      throw breakChannel(of: party, with: .noSuchPeer(peer, partyCount: partyCount))
    }
    return mailboxes[isOutgoing ? party * partyCount + peer : peer * partyCount + party]
  }

  func send(_ message: Message, from sender: PartyID, to receiver: PartyID) throws(ChannelError) {
    switch try mailbox(sender, receiver, isOutgoing: true).put(message) {
    case .delivered: return
    case .senderFailed(let error): throw error
    case .receiverGone: throw breakChannel(of: sender, with: .closed(by: PeerName(party: receiver)))
    }
  }

  func receive(from sender: PartyID, at receiver: PartyID) async throws(ChannelError) -> Message {
    let mailbox = try mailbox(receiver, sender, isOutgoing: false)
    let outcome: Mailbox.Outcome
    if let immediate = mailbox.take() {
      outcome = immediate
    } else {
      outcome = await mailbox.wait(until: .now + deadline) { self.watch() }
    }
    let peer = PeerName(party: sender)
    switch outcome {
    case .message(let message): return message
    case .receiverFailed(let error): throw error
    case .senderGone: throw breakChannel(of: receiver, with: .closed(by: peer))
    case .expired: throw breakChannel(of: receiver, with: .timedOut(waitingFor: peer, after: deadline))
    case .cancelled: throw breakChannel(of: receiver, with: .cancelled(waitingFor: peer))
    }
  }

  /// Records the first thing that broke a party's channel, ends the waits that depend on it, and returns it.
  func breakChannel(of party: PartyID, with error: ChannelError) -> ChannelError {
    let first = failures.withLockedValue { failures in
      let first = failures[party] ?? error
      failures[party] = first
      return first
    }
    for peer in 0..<partyCount where peer != party {
      mailboxes[peer * partyCount + party].failReceiver(first)
      mailboxes[party * partyCount + peer].failSender(first)
    }
    return first
  }

  /// Starts the watchdog unless it runs. Called after a wait has been registered.
  private func watch() {
    guard isWatched.compareExchange(expected: false, desired: true, ordering: .sequentiallyConsistent).exchanged else {
      return
    }
    Task.detached { [weak self] in
      while let pause = self?.expireWaits() { try? await Task.sleep(for: pause) }
    }
  }

  /// Ends the waits that are over; how long the watchdog may sleep, or `nil` when nobody waits.
  private func expireWaits() -> Duration? {
    // The flag falls before the look around: who starts to wait after the look finds it down and starts a new watchdog.
    isWatched.store(false, ordering: .sequentiallyConsistent)
    let now = MonotonicTime.now
    guard let next = mailboxes.compactMap({ $0.expire(at: now) }).min() else { return nil }
    let isMine = isWatched.compareExchange(expected: false, desired: true, ordering: .sequentiallyConsistent).exchanged
    return isMine ? next.remaining(from: now) : nil
  }
}
