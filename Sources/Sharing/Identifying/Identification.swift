import Arithmetic
import Crypto
import Foundation

/// What a party needs so that a cheater can be named: a key to sign with, and a dealer that is there when a check fails.
package struct Identification: Sendable {
  let signer: Curve25519.Signing.PrivateKey
  let pairs: any PairwiseDealing
  /// Hears of what proves to others who cheated.
  let accusing: @Sendable (Accusation) -> Void

  /// With a fresh key, which the session's beginning tells the other parties.
  package init(pairs: any PairwiseDealing, accusing: @escaping @Sendable (Accusation) -> Void = { _ in }) {
    signer = Curve25519.Signing.PrivateKey()
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
  var record: OpeningRecord
  /// What everybody signed at the last coin.
  var statements: [[UInt8]] = []
  /// Parties that have signed something else than what they sent this party.
  var contradicting: Set<Int> = []
  var failure: FailedCheck?
}

extension IdentifiedSession: CustomStringConvertible, CustomReflectable {
  var description: String { "‹what \(keys.count) parties have sent›" }
  var customMirror: Mirror { Mirror(self, children: []) }
}

/// A check whose sum was not zero, as everybody saw it.
struct FailedCheck {
  let number: UInt64
  let coin: TossedCoin
  let statements: [[UInt8]]
  /// Everybody's opened sums, with a nonce and a signature.
  let openings: [[UInt8]]
}

/// A coin of all parties.
struct TossedCoin {
  let key: [UInt8]
  /// What names the seeds.
  let transcript: [UInt8]

  var weights: PseudorandomGenerator { PseudorandomGenerator(key: key) }
}
