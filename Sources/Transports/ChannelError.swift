/// Why a channel broke: who and why, never what was said.
public enum ChannelError: Error, Hashable, Sendable {
  /// The peer closed its end, or its process or machine went away.
  case closed(by: PeerName)
  /// This end was closed by its own program.
  case closedHere
  /// The task that waited was cancelled.
  case cancelled(waitingFor: PeerName)
  /// Nothing came in time.
  case timedOut(waitingFor: PeerName, after: Duration)
  /// A message is longer than the limit allows; announced by a peer, or about to be sent to it.
  case oversizedMessage(from: PeerName, byteCount: Int, limit: Int)
  /// No connection could be made in time.
  case unreachable(peer: PeerName, address: String, after: Duration)
  /// The peer showed a certificate that this end refuses.
  case notTrusted(peer: PeerName, reason: String)
  /// The TLS handshake or a TLS record failed; most often the peer refuses this end's certificate.
  case tlsFailed(with: PeerName, reason: String)
  /// The peer sent bytes that are no frame of this protocol.
  case malformedFrame(from: PeerName, reason: String)
  /// A frame is missing, doubled or out of order.
  case outOfStep(with: PeerName, expected: UInt32, received: UInt32)
  /// The address cannot be listened on or is no address.
  case badAddress(String, reason: String)
  /// There is no such party, or it is this one.
  case noSuchPeer(PartyID, partyCount: Int)
  /// This end's certificate or key cannot be used.
  case badCredentials(reason: String)
}

extension ChannelError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .closed(let peer): "\(peer) closed the connection; its log says why"
    case .closedHere: "this end of the channel has been closed"
    case .cancelled(let peer): "the wait for \(peer) was cancelled"
    case .timedOut(let peer, let duration):
      "\(peer) sent nothing for \(duration.inSeconds); check that it runs, or raise the deadline"
    case .oversizedMessage(let peer, let byteCount, let limit):
      "a message of \(byteCount) bytes from or to \(peer) exceeds the limit of \(limit) bytes"
    case .unreachable(let peer, let address, let duration):
      "\(peer.party.map { "party \($0)" } ?? "the peer") could not be reached at \(address) within "
        + "\(duration.inSeconds); check that it runs and that the address is right"
    case .notTrusted(let peer, let reason): "\(peer) is not trusted: \(reason)"
    case .tlsFailed(let peer, let reason):
      "TLS with \(peer) failed (\(reason)); it may not trust this certificate: its log says why"
    case .malformedFrame(let peer, let reason): "\(peer) sent something that is no valid frame: \(reason)"
    case .outOfStep(let peer, let expected, let received):
      "\(peer) is out of step: frame \(expected) was due and frame \(received) came"
    case .badAddress(let address, let reason): "the address \(address) cannot be used: \(reason)"
    case .noSuchPeer(let party, let partyCount): "there is no peer \(party) in a mesh of \(partyCount) parties"
    case .badCredentials(let reason): "this end's certificate or key cannot be used: \(reason)"
    }
  }
}

extension Duration {
  /// Seconds with at most three decimals, as `2.5 s`.
  package var inSeconds: String {
    let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    guard milliseconds % 1000 != 0 else { return "\(milliseconds / 1000) s" }
    var decimals = String(milliseconds % 1000 + 1000).dropFirst()
    while decimals.last == "0" { decimals.removeLast() }
    return "\(milliseconds / 1000).\(decimals) s"
  }

  /// Whole nanoseconds; longer than a century counts as a century.
  var nanoseconds: UInt64 {
    let century: Int64 = 3_155_760_000
    guard components.seconds < century else { return UInt64(century) * 1_000_000_000 }
    guard self > .zero else { return 0 }
    return UInt64(components.seconds) * 1_000_000_000 + UInt64(components.attoseconds / 1_000_000_000)
  }
}
