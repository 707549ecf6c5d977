/// What a message is, in the order in which messages come.
public enum MessageKind: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  case announcement = 1
  case advertisement
  case keyList
  case shares
  case delivery
  case maskedInput
  case survivors
  case agreement
  case agreements
  case unmasking

  public var description: String {
    switch self {
    case .announcement: "the announcement"
    case .advertisement: "the advertised keys"
    case .keyList: "the list of keys"
    case .shares: "the message of shares"
    case .delivery: "the delivery of shares"
    case .maskedInput: "the masked input"
    case .survivors: "the list of survivors"
    case .agreement: "the signature on the survivors"
    case .agreements: "the list of signatures on the survivors"
    case .unmasking: "the unmasking shares"
    }
  }
}

/// What every message begins with: the format's version, the kind and the attempt; 18 bytes.
struct MessageHeader {
  static let version: UInt8 = 1
  static let byteCount = 2 + AttemptID.byteCount

  let kind: MessageKind
  let attempt: AttemptID

  var bytes: [UInt8] { [Self.version, kind.rawValue] + attempt.bytes }

  init(_ kind: MessageKind, _ attempt: AttemptID) {
    self.kind = kind
    self.attempt = attempt
  }

  init(decoding message: [UInt8]) throws(SecureAggregationError) {
    guard message.count >= Self.byteCount, message[0] == Self.version, let kind = MessageKind(rawValue: message[1]),
      let attempt = AttemptID(bytes: Array(message[2..<Self.byteCount]))
    else { throw .malformed(nil, reason: "it does not begin as a message of secure aggregation, version 1") }
    self.init(kind, attempt)
  }

  /// A reader of what follows the header, which must be of this kind and, where given, of this attempt.
  static func open(
    _ message: [UInt8], as kind: MessageKind, of attempt: AttemptID?
  ) throws(SecureAggregationError) -> (attempt: AttemptID, body: ByteReader) {
    let header = try MessageHeader(decoding: message)
    guard attempt == nil || header.attempt == attempt else { throw .wrongAttempt(header.kind) }
    guard header.kind == kind else { throw .unexpected(header.kind, expected: kind) }
    return (header.attempt, ByteReader(message[byteCount...], kind: kind))
  }
}
