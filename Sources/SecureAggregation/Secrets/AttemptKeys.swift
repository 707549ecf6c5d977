package import Arithmetic
import CKernels
import Crypto
import Foundation

/// A client's secrets of one attempt: two key pairs and the seed of its own mask. Erased when the last copy goes.
///
/// `@unchecked Sendable`: the seed is written by `init` and erased by `deinit`, and only read between them.
final class AttemptKeys: @unchecked Sendable {
  static let secretByteCount = 32

  /// From which pairs of clients derive their masks; its shares are opened if the client drops out.
  let mask = Curve25519.KeyAgreement.PrivateKey()
  /// From which pairs of clients derive the keys of their shares; never opened.
  let channel = Curve25519.KeyAgreement.PrivateKey()
  /// b_u: 32 bytes with a clear top bit, so that they are a field element.
  private(set) var seed: [UInt8]

  init() {
    seed = SecureRandom.bytes(Self.secretByteCount)
    seed[Self.secretByteCount - 1] &= 0x7f
  }

  deinit {
    seed.withUnsafeMutableBytes { ck_zero($0.baseAddress, $0.count) }
  }

  /// The two secrets that are shared. X25519 keys have a clear top bit, too.
  func shared() -> (mask: FieldElement, seed: FieldElement) {
    guard let key = FieldElement(bytes: mask.rawRepresentation), let seed = FieldElement(bytes: seed) else {
      preconditionFailure("a number below 2²⁵⁵ is below the prime")
    }
    return (key, seed)
  }
}

/// Every key and mask of an attempt, from its secrets: HKDF-SHA256 (RFC 5869) with the attempt as salt.
package struct KeyDerivation: Sendable {
  let attempt: AttemptID

  package init(attempt: AttemptID) { self.attempt = attempt }

  /// The mask of a pair, the same from both ends.
  func pairMask(
    _ own: Curve25519.KeyAgreement.PrivateKey, _ peer: [UInt8]
  ) throws(SecureAggregationError) -> PseudorandomGenerator {
    let mine = Array(own.publicKey.rawRepresentation)
    let ends = mine.lexicographicallyPrecedes(peer) ? mine + peer : peer + mine
    return Self.generator(key(from: try agreement(own, peer), .pairMask, ends))
  }

  /// The keys of the shares that go to a peer and that come from it; each is used once.
  func boxKeys(
    _ own: Curve25519.KeyAgreement.PrivateKey, _ peer: [UInt8]
  ) throws(SecureAggregationError) -> (sending: SymmetricKey, receiving: SymmetricKey) {
    let mine = Array(own.publicKey.rawRepresentation)
    let secret = try agreement(own, peer)
    return (key(from: secret, .shares, mine + peer), key(from: secret, .shares, peer + mine))
  }

  /// A client's own mask.
  package func ownMask(seed: [UInt8]) -> PseudorandomGenerator {
    Self.generator(
      HKDF<SHA256>.deriveKey(
        inputKeyMaterial: SymmetricKey(data: seed), salt: attempt.bytes,
        info: Data("tacit secure aggregation 1: own mask".utf8), outputByteCount: PseudorandomGenerator.keyByteCount))
  }

  /// What a client says beforehand of its seed, so that wrong shares are noticed; it hides the seed's 255 bits.
  func commitment(seed: [UInt8]) -> [UInt8] {
    Array(SHA256.hash(data: Array("tacit secure aggregation 1: seed".utf8) + attempt.bytes + seed))
  }

  /// What a key is for.
  private enum Purpose {
    case pairMask, shares

    var label: String {
      switch self {
      case .pairMask: "tacit secure aggregation 1: pair mask"
      case .shares: "tacit secure aggregation 1: shares"
      }
    }

    var byteCount: Int {
      switch self {
      case .pairMask: PseudorandomGenerator.keyByteCount
      case .shares: 32
      }
    }
  }

  private func agreement(
    _ own: Curve25519.KeyAgreement.PrivateKey, _ peer: [UInt8]
  ) throws(SecureAggregationError) -> SharedSecret {
    do {
      return try own.sharedSecretFromKeyAgreement(with: .init(rawRepresentation: peer))
    } catch {
      throw .malformed(.advertisement, reason: "a public key cannot be used")
    }
  }

  private func key(from secret: SharedSecret, _ purpose: Purpose, _ ends: [UInt8]) -> SymmetricKey {
    secret.hkdfDerivedSymmetricKey(
      using: SHA256.self, salt: attempt.bytes, sharedInfo: Array(purpose.label.utf8) + ends,
      outputByteCount: purpose.byteCount)
  }

  private static func generator(_ key: SymmetricKey) -> PseudorandomGenerator {
    var bytes = key.withUnsafeBytes { Array($0) }
    defer { bytes.withUnsafeMutableBytes { ck_zero($0.baseAddress, $0.count) } }
    return PseudorandomGenerator(key: bytes)
  }
}
