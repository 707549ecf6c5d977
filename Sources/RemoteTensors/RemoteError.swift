public import Links

/// Why something asked of a remote worker did not happen: who, what, and what to do; never a value.
public enum RemoteError: Error, Hashable, Sendable {
  /// The worker did not do what it was asked: 2 for a mistake in the request, 3 for a peer it could not reach, 4 for
  /// its policy.
  case refused(by: String, reason: String, exitCode: Int)
  /// The connection to the worker failed.
  case connection(LinkError)
  /// The worker answered something that is no answer of this protocol.
  case malformedReply(from: String)
  /// The call makes no sense, whatever the worker thinks of it.
  case misuse(String)
}

extension RemoteError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .refused(let worker, let reason, _): "\(worker) refused: \(reason)"
    case .connection(let error): "\(error)"
    case .malformedReply(let worker):
      "\(worker) sent an answer that is none of this protocol; use the same release on both"
    case .misuse(let reason): reason
    }
  }

  /// As the command line ends with it.
  public var exitCode: Int {
    switch self {
    case .refused(_, _, let exitCode): exitCode
    case .connection, .malformedReply: 3
    case .misuse: 2
    }
  }
}
