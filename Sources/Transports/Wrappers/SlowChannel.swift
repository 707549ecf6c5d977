import NIOConcurrencyHelpers

/// How slow a network is, seen from one party.
public struct LinkSpeed: Hashable, Sendable {
  /// There and back.
  public var roundTrip: Duration
  /// What a party can send in a second, to all peers together.
  public var bitsPerSecond: Double

  public init(roundTrip: Duration, bitsPerSecond: Double) {
    self.roundTrip = roundTrip
    self.bitsPerSecond = bitsPerSecond
  }

  func transmission(of byteCount: Int) -> Duration { .seconds(Double(byteCount) * 8 / bitsPerSecond) }
}

/// A channel on which messages arrive as late as over a slow network: for measurements on one machine.
///
/// A message leaves when those before it have left, takes its time by the bandwidth, and travels for half a round trip. The
/// sender writes the moment of arrival behind it, and the receiver waits for that moment, so both ends must be wrapped alike
/// and read the same clock.
public final class SlowChannel<Base: Channel>: Channel {
  /// The channel that does the work.
  public let base: Base
  private let speed: LinkSpeed
  private static var longestWait: Duration { .seconds(3600) }
  /// When all that was sent so far has left.
  private let free = NIOLockedValueBox(MonotonicTime.now)

  public init(_ base: Base, speed: LinkSpeed) {
    self.base = base
    self.speed = speed
  }

  public var party: PartyID { base.party }
  public var partyCount: Int { base.partyCount }
  public func binding(with peer: PartyID) -> [UInt8] { base.binding(with: peer) }

  public func send(_ message: Message, to peer: PartyID) async throws(ChannelError) {
    try await base.send(stamped(message), to: peer)
  }

  public func receive(from peer: PartyID) async throws(ChannelError) -> Message {
    try await arrived(try await base.receive(from: peer), from: peer)
  }

  public func exchange(
    _ outgoing: [Outgoing], from sources: [PartyID]
  ) async throws(ChannelError) -> [Message] {
    let stampedMessages = outgoing.map { Outgoing(stamped($0.message), to: $0.peer) }
    var messages: [Message] = []
    for (peer, message) in zip(sources, try await base.exchange(stampedMessages, from: sources)) {
      messages.append(try await arrived(message, from: peer))
    }
    return messages
  }

  public func close() async { await base.close() }

  /// The message with the moment of its arrival behind it, in nanoseconds.
  private func stamped(_ message: Message) -> Message {
    let transmission = speed.transmission(of: message.count)
    let departure = free.withLockedValue { free in
      free = max(free, .now) + transmission
      return free
    }
    let arrival = departure + speed.roundTrip / 2
    var stamped = message
    withUnsafeBytes(of: arrival.nanoseconds.littleEndian) { stamped.append(contentsOf: $0) }
    return stamped
  }

  /// Waits for the message's moment and takes it off.
  private func arrived(_ message: Message, from peer: PartyID) async throws(ChannelError) -> Message {
    let now = MonotonicTime.now
    let moment = message.suffix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    guard message.count >= 8, moment < (now + Self.longestWait).nanoseconds else {
      throw .malformedFrame(from: PeerName(party: peer), reason: "it does not say when it arrives, or too late a time")
    }
    let wait = MonotonicTime(nanoseconds: moment).remaining(from: now)
    if wait > .zero { try? await Task.sleep(for: wait, tolerance: .zero) }
    return Array(message.dropLast(8))
  }
}
