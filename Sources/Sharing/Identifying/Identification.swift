import Arithmetic
package import Crypto
import Foundation
import Transports

/// What a party needs so that a cheater can be named: a key to sign with, and a dealer that is there when a check fails.
package struct Identification: Sendable {
  let signer: Curve25519.Signing.PrivateKey
  let pairs: any PairwiseDealing
  /// Hears of what proves to others who cheated.
  let accusing: @Sendable (Accusation) -> Void

  /// - Parameter signer: fresh, as a rule; the session's beginning tells the other parties its public key.
  package init(
    pairs: any PairwiseDealing, signer: Curve25519.Signing.PrivateKey = Curve25519.Signing.PrivateKey(),
    accusing: @escaping @Sendable (Accusation) -> Void = { _ in }
  ) {
    self.signer = signer
    self.pairs = pairs
    self.accusing = accusing
  }
}

extension Identification: CustomStringConvertible, CustomReflectable {
  package var description: String { "‹a party's signing key›" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Ed25519 on byte arrays.
enum Signature {
  static let byteCount = 64
  static let keyByteCount = 32

  static func isValid(_ signature: some Sequence<UInt8>, of message: [UInt8], by key: [UInt8]) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: key) else { return false }
    return key.isValidSignature(Data(signature), for: Data(message))
  }
}

extension Curve25519.Signing.PrivateKey {
  func sign(_ message: [UInt8]) throws -> [UInt8] { [UInt8](try signature(for: Data(message))) }
}

/// What an identified session keeps besides the shares.
struct IdentifiedSession {
  let own: Identification
  /// Everybody's keys, in the order of the parties.
  let keys: [[UInt8]]
  /// What a message begins with that calls the session off.
  let mark: [UInt8]
  var record: OpeningRecord
  /// What everybody signed last.
  var signed: SignedCheck
  /// Parties that have signed something else than what they sent this party.
  var contradicting: Set<PartyID> = []
  var failure: FailedCheck?

  init(_ own: Identification, keys: [[UInt8]], mark: [UInt8]) {
    self.own = own
    self.keys = keys
    self.mark = mark
    record = OpeningRecord(partyCount: keys.count)
    let nothing = [UInt8](repeating: 0, count: AuthenticatedScheme.statementByteCount)
    signed = SignedCheck(number: 0, statements: keys.map { _ in nothing })
  }
}

extension IdentifiedSession: CustomStringConvertible, CustomReflectable {
  var description: String { "‹what \(keys.count) parties have sent›" }
  var customMirror: Mirror { Mirror(self, children: []) }
}

/// What everybody has signed at a coin, and of the sum of a check that followed, in the order of the parties; as one party was sent
/// it.
struct SignedCheck {
  let number: UInt64
  let statements: [[UInt8]]
  /// What names the coin.
  var transcript: [UInt8] = []
  /// Everybody's opened sums, with a nonce and a signature; none before they were opened.
  var openings: [[UInt8]] = []
}

/// A check whose sum was not zero.
struct FailedCheck {
  let signed: SignedCheck
  let coin: TossedCoin
  /// Parties that had signed something else than what they sent this party.
  let contradicting: Set<PartyID>

  /// What answers about it are bound to.
  var name: CheckName { CheckName(number: signed.number, transcript: coin.transcript) }
}

/// One check of a session, with the coin that was tossed in it.
struct CheckName {
  let number: UInt64
  let transcript: [UInt8]

  var bytes: [UInt8] { number.bytes + transcript }
}

/// A coin of all parties.
struct TossedCoin {
  let key: [UInt8]
  /// What names the seeds.
  let transcript: [UInt8]

  var weights: PseudorandomGenerator { PseudorandomGenerator(key: key) }
}
