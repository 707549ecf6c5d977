import Arithmetic
import Crypto
import Foundation
package import Transports

/// What a party's answer is about.
package enum PairSubject: UInt8, CaseIterable, Sendable, Codable {
  /// The shares that it opened.
  case shares
  /// Its share of the sum of the MACs, in the check that failed.
  case sums
}

/// One party's keys for another party's shares: fresh after each coin that all parties have tossed.
package struct PairName: Hashable, Sendable, Codable {
  let session: [UInt8]
  /// What names the session's keys of MACs.
  let keys: String
  /// Of the coin.
  let transcript: [UInt8]
  package let prover: PartyID
  package let verifier: PartyID
  let subject: PairSubject

  /// No two names have the same: what may be of any length comes after its length.
  var bytes: [UInt8] {
    let parts = [session, transcript, Array(keys.utf8)].flatMap { UInt64($0.count).bytes + $0 }
    let parties = [prover, verifier].flatMap { UInt64(truncatingIfNeeded: $0).bytes }
    return Array("tacit/pair/2|".utf8) + parts + parties + [subject.rawValue]
  }
}

/// A verifier's keys of pairwise MACs, as in Bendlin et al., EUROCRYPT 2011: the tag of x is a·x + β, modulo 2¹²⁸ for words, in
/// GF(2⁶⁴) for bits; a is the same for all, β a keystream. Secret until the prover has answered; then it shows who lied.
package struct PairKey: Sendable, Codable {
  /// a for words.
  let words: UInt64
  /// a for bits.
  let bits: UInt64
  let seed: [UInt8]
  /// The dealer's, of the key and its name.
  let signature: [UInt8]

  static let byteCount = 32
  static var signedByteCount: Int { byteCount + Signature.byteCount }

  init(words: UInt64, bits: UInt64, seed: [UInt8], signature: [UInt8]) {
    self.words = words
    self.bits = bits
    self.seed = seed
    self.signature = signature
  }

  /// - Precondition: ``signedByteCount`` bytes.
  init(_ bytes: [UInt8]) {
    self.init(
      words: UInt64(bytes: bytes[0..<8]), bits: UInt64(bytes: bytes[8..<16]), seed: Array(bytes[16..<32]),
      signature: Array(bytes[32...]))
  }

  private var unsignedBytes: [UInt8] { words.bytes + bits.bytes + seed }
  var bytes: [UInt8] { unsignedBytes + signature }

  func signedBytes(_ name: PairName) -> [UInt8] { Array(SHA256.hash(data: name.bytes + unsignedBytes)) }

  func isSigned(for name: PairName, by dealer: [UInt8]) -> Bool {
    Signature.isValid(signature, of: signedBytes(name), by: dealer)
  }

  /// β for all that the dealer deals at a place.
  func stream(for demand: Demand, at place: DealtPlace) -> Message {
    let words = DealtKeys.generator(master: seed, program: "tags|\(place.program)")
      .words(count: demand.macWordCount, counterHigh: place.counterHigh, counterLow: 0)
    var outbox = Outbox()
    outbox.append(words)
    return outbox.message
  }

  /// β for the prover's parts of the session's keys.
  var sessionKeys: MACKeys {
    let stream = DealtKeys.generator(master: seed, program: "keys").words(count: 3, counterHigh: 0, counterLow: 0)
    return MACKeys(words: UInt128(stream[1]) << 64 | UInt128(stream[0]), bits: stream[2])
  }
}

extension PairKey: CustomStringConvertible, CustomReflectable {
  package var description: String { "‹key of pairwise MACs›" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
