/// Why an operation on Paillier keys or ciphertexts cannot be done.
public enum PaillierError: Error, Hashable, Sendable {
  /// A modulus of this many bits is not offered.
  case keySize(bits: Int)
}
