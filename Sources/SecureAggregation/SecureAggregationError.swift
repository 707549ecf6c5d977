/// Why a round of secure aggregation cannot go on, or why one client's message does not count.
public enum SecureAggregationError: Error, Hashable, Sendable {
  /// Fewer clients are left than the threshold: nothing is opened.
  case tooFewClients(left: Int, threshold: Int)
  /// Fewer neighbours of one client are left than hold enough shares of its secrets.
  case tooFewNeighbours(of: ClientID, left: Int, threshold: Int)
  /// A plan's numbers do not fit together or do not protect what they should.
  case plan(reason: String)
  /// A name cannot stand in a cohort, or stands in it twice.
  case badName(ClientID)
  /// A client is not in the roster, or was not asked.
  case stranger(ClientID)
  /// The server announced another plan than the one that was agreed.
  case planMismatch
  /// An input has not the plan's length.
  case wrongLength(expected: Int, given: Int)
  /// A coordinate lies outside of the agreed range.
  case outOfRange(coordinate: Int)
  /// A weight is zero or larger than the agreed largest.
  case badWeight(largest: UInt32)
  /// Bytes that are no message, or not of the right length.
  case malformed(MessageKind?, reason: String)
  /// A message of another attempt.
  case wrongAttempt(MessageKind)
  /// A message out of its turn, such as a replayed one.
  case unexpected(MessageKind, expected: MessageKind?)
  /// A second reply in one stage.
  case duplicate(MessageKind)
  /// A signature is not the client's.
  case badSignature(of: ClientID, on: MessageKind)
  /// The server's list leaves out this client, or says of it what it did not do.
  case misrepresented(ClientID, in: MessageKind)
  /// Shares of a client do not decrypt.
  case unreadableShares(from: ClientID)
  /// The survivors of the server's list are not those that can have survived.
  case impossibleSurvivors
  /// Shares of a client's secret do not give that secret.
  case wrongSecret(of: ClientID)
  /// The client has answered the unmasking of this attempt before.
  case alreadyAnswered(AttemptID)
  /// It could not be written down that an attempt was answered.
  case record(reason: String)
  /// The attempt is over for this machine.
  case abandoned
}

extension SecureAggregationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooFewClients(let left, let threshold):
      "\(left) clients are left where \(threshold) are needed, so nothing is opened; try again with a new attempt"
    case .tooFewNeighbours(let client, let left, let threshold):
      "\(left) of those who share secrets with \(client) are left where \(threshold) are needed; "
        + "try again with a new attempt"
    case .plan(let reason): "the plan of the aggregation cannot be used: \(reason)"
    case .badName(let client):
      "the client name “\(client)” stands twice or is not 1 to 64 letters, digits, dots, hyphens or underscores"
    case .stranger(let client):
      "\(client) does not belong to this aggregation; add its key to the roster or leave it out"
    case .planMismatch: "the server announced another plan than the one agreed; give both sides the same job"
    case .wrongLength(let expected, let given): "the input has \(given) values where the plan has \(expected)"
    case .outOfRange(let coordinate):
      "the input's value \(coordinate) is outside of the agreed range; agree on a larger one or clip the update"
    case .badWeight(let largest): "a weight is not between 1 and \(largest), the largest agreed"
    case .malformed(let kind, let reason): "\(kind?.description ?? "a message") is malformed: \(reason)"
    case .wrongAttempt(let kind): "\(kind) belongs to another attempt and is refused"
    case .unexpected(let kind, let expected):
      "\(kind) came out of turn" + (expected.map { ", where \($0) was expected" } ?? "")
    case .duplicate(let kind): "\(kind) came twice; the second is refused"
    case .badSignature(let client, let kind): "\(kind) is not signed by \(client) with the key of the roster"
    case .misrepresented(let client, let kind):
      "\(kind) does not tell truly what \(client) did; do not trust this server"
    case .unreadableShares(let client): "the shares from \(client) do not decrypt under this attempt's keys"
    case .impossibleSurvivors: "the list of survivors names clients that never shared secrets; do not trust this server"
    case .wrongSecret(let client): "the shares of the secret of \(client) do not fit together; try again without it"
    case .alreadyAnswered(let attempt): "attempt \(attempt) was answered before and is never answered twice"
    case .record(let reason): "the answer could not be written down, so none was given: \(reason)"
    case .abandoned: "the attempt is over here; begin a new one"
    }
  }
}
