import Transports

/// What a party tells all others, in the place of any message, once it has been sent what honest parties do not send
/// (`docs/protocols/identify.md`, 2): what everybody has signed, as it was sent it, and what it has against whom.
struct Testimony {
  /// What a party has against another.
  enum Claim: UInt8 {
    case none
    /// It has not kept to the protocol, whatever others were sent.
    case deviated
    /// It says something else of what all were sent.
    case differs
    /// It has called the session off before this party knew of a reason.
    case called
  }

  let signed: SignedCheck
  /// By party.
  var claims: [Claim]

  /// - Parameter mark: what no other message of the session begins with.
  func message(_ mark: [UInt8]) -> Message {
    let size = AuthenticatedScheme.openingByteCount
    let openings = claims.indices.flatMap { party in
      signed.openings.indices.contains(party) ? signed.openings[party] : [UInt8](repeating: 0, count: size)
    }
    return mark + signed.number.bytes + signed.statements.flatMap { $0 } + openings + claims.map(\.rawValue)
  }

  /// `nil` where the message is something else.
  init?(_ message: Message, _ mark: [UInt8], partyCount: Int) {
    let sizes = [AuthenticatedScheme.statementByteCount, AuthenticatedScheme.openingByteCount]
    guard message.count == mark.count + 8 + partyCount * (sizes.reduce(0, +) + 1), message.starts(with: mark) else {
      return nil
    }
    var inbox = Inbox(message.dropFirst(mark.count))
    let number = UInt64(bytes: inbox.bytes(8))
    let statements = (0..<partyCount).map { _ in inbox.bytes(sizes[0]) }
    signed = SignedCheck(
      number: number, statements: statements, openings: (0..<partyCount).map { _ in inbox.bytes(sizes[1]) })
    claims = inbox.bytes(partyCount).map { Claim(rawValue: $0) ?? .none }
  }

  init(_ signed: SignedCheck, _ claims: [Claim]) {
    self.signed = signed
    self.claims = claims
  }

  /// Whom such a claim is about.
  func parties(_ claim: Claim) -> [PartyID] { claims.indices.filter { claims[$0] == claim } }
}
