/// Why an operation on Paillier keys or ciphertexts cannot be done.
public enum PaillierError: Error, Hashable, Sendable {
  /// A modulus of this many bits is not offered.
  case keySize(bits: Int)
  /// Numbers that should make a key do not.
  case notAKey(reason: String)
  /// Bytes or text that should hold something do not.
  case malformed(what: String, reason: String)
  /// The key came without the base h of short randomness.
  case noShortBase
  /// A number to encrypt is larger than half of the modulus.
  case plaintextOutOfRange(bits: Int)
  /// The value at `index` does not lie within the agreed bound.
  case valueOutOfRange(index: Int, bound: Double)
  /// A layout nobody can use.
  case unusableLayout(reason: String)
  /// Packed vectors that do not belong together, or were not made for this key.
  case mismatch(what: String)
  /// A sum of no vectors.
  case nothingToSum
  /// A sum of more vectors than the layout has room for.
  case tooManySummands(count: Int, limit: Int)
  /// A decrypted number is no sum of values of the layout.
  case undecodable(ciphertext: Int)
  /// A threshold that cannot be.
  case unusableThreshold(threshold: Int, holders: Int)
  /// Fewer decryption shares than the threshold: nothing is opened.
  case tooFewShares(given: Int, threshold: Int)
  /// Two decryption shares of one key-holder.
  case repeatedShare(holder: Int)
  /// A decryption share that its holder's key share did not make.
  case wrongShare(holder: Int)
}

extension PaillierError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .keySize(let bits):
      "a Paillier key of \(bits) bits is not offered; take 2048, 3072 or another multiple of 1024 up to 8192"
    case .notAKey(let reason): "these numbers are no Paillier key: \(reason)"
    case .malformed(let what, let reason): "\(what) cannot be read: \(reason)"
    case .noShortBase:
      "this public key comes without the base of short randomness, so there is nothing to precompute; "
        + "encrypt with the key itself, or ask its owner for the key in Tacit's own format"
    case .plaintextOutOfRange(let bits): "a number of \(bits) bits is too large to be encrypted under this key"
    case .valueOutOfRange(let index, let bound):
      "value \(index) is not within ±\(bound); clip it, or agree on a larger bound"
    case .unusableLayout(let reason): "values cannot be packed this way: \(reason)"
    case .mismatch(let what): "\(what) differs between things that should belong together"
    case .nothingToSum: "there is no encrypted vector to add up"
    case .tooManySummands(let count, let limit):
      "a sum of \(count) vectors does not fit a layout for \(limit); agree on a layout with more headroom"
    case .undecodable(let ciphertext):
      "ciphertext \(ciphertext) holds no sum of values within the agreed bound; a summand was not made by the rules"
    case .unusableThreshold(let threshold, let holders):
      "\(threshold) of \(holders) key-holders is no threshold; take at least one and at most all of up to 64 holders"
    case .tooFewShares(let given, let threshold):
      "\(given) decryption shares do not open anything; the key asks for \(threshold)"
    case .repeatedShare(let holder): "key-holder \(holder) is counted twice"
    case .wrongShare(let holder): "the decryption share of key-holder \(holder) is wrong; ask another holder"
    }
  }
}
