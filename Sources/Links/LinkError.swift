internal import Transports

/// Why a link broke: who and why, never what was said.
public enum LinkError: Error, Hashable, Sendable {
  /// The peer closed its end.
  case closed(by: String)
  /// This end was closed by its own program.
  case closedHere
  /// The task that waited was cancelled.
  case cancelled(waitingFor: String)
  /// Nothing came in time.
  case timedOut(waitingFor: String, after: Duration)
  /// The connection was cut and did not heal in time.
  case lost(peer: String, after: Duration)
  /// No connection could be made.
  case unreachable(address: String, reason: String)
  /// A message is longer than the limit allows; announced by a peer, or about to be sent to it.
  case oversizedMessage(peer: String, byteCount: Int, limit: Int)
  /// The peer sent something that is no frame of this protocol.
  case malformedFrame(from: String, reason: String)
  /// The two ends speak different versions.
  case wrongVersion(peer: String, here: Int, there: Int)
  /// The peer ended the opening of a connection, most often because it does not trust this end's certificate.
  case refused(by: String, reason: String)
  /// This end refuses the peer's certificate.
  case notTrusted(peer: String, reason: String)
  /// An address cannot be listened on or is no address.
  case badAddress(String, reason: String)
}

extension LinkError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .closed(let peer): "\(peer) closed the connection; its log says why"
    case .closedHere: "this end of the connection has been closed"
    case .cancelled(let peer): "the wait for \(peer) was cancelled"
    case .timedOut(let peer, let duration):
      "\(peer) sent nothing for \(duration.inSeconds); check that it runs, or raise the deadline"
    case .lost(let peer, let duration):
      "the connection to \(peer) was cut and did not heal within \(duration.inSeconds)"
    case .unreachable(let address, let reason):
      "\(address) could not be reached: \(reason); check that the peer runs and that the address is right"
    case .oversizedMessage(let peer, let byteCount, let limit):
      "a message of \(byteCount) bytes from or to \(peer) exceeds the limit of \(limit) bytes"
    case .malformedFrame(let peer, let reason): "\(peer) sent something that is no valid frame: \(reason)"
    case .wrongVersion(let peer, let here, let there):
      "\(peer) speaks version \(there) of the protocol and this program version \(here): use the same release on both"
    case .refused(let peer, let reason): "\(peer) refused the connection: \(reason)"
    case .notTrusted(let peer, let reason): "\(peer) is not trusted: \(reason)"
    case .badAddress(let address, let reason): "the address \(address) cannot be used: \(reason)"
    }
  }
}
