import Crypto

/// One key-holder's part in opening a packed vector: c^(2Δs) modulo n for each of its ciphertexts c, and a proof that
/// all of them were made with the holder's share s.
public struct DecryptionShare: Sendable, Equatable {
  public let holder: Int
  /// SHA-256 of the ciphertexts it was made for.
  let ciphertextDigest: [UInt8]
  let elements: [BigInteger]
  let proof: ShareProof
}

extension KeyShare {
  /// This holder's part in opening a vector: one power modulo n for each ciphertext, in constant time as the exponent
  /// is the secret. Cores used: `threads`.
  ///
  /// A holder who gives this away for a single worker's vector opens that vector: what may be opened is for the caller
  /// to decide.
  public func decryptionShare(of packed: PackedCiphertext, threads: Int = 1) async throws -> DecryptionShare {
    try packed.checkKey(key.publicKey)
    let modulus = key.publicKey.modulus
    let power = exponent * key.delta * 2
    let elements = try await inRuns(packed.ciphertextCount, threads: threads) { run in
      run.map { packed.value($0).modulo(modulus).secretPower(power, modulo: modulus) }
    }
    let statement = ShareStatement(key: key, holder: holder, packed: packed, elements: elements)
    return DecryptionShare(
      holder: holder, ciphertextDigest: packed.digest, elements: elements,
      proof: ShareProof(of: statement, exponent: exponent))
  }
}

extension PackedCiphertext {
  var digest: [UInt8] { Array(SHA256.hash(data: bytes)) }
}

/// Wire form: `TPD1`, fingerprint of the key (16 bytes), holder (32-bit word), digest of the ciphertexts (32 bytes),
/// count (64-bit word), elements, challenge (16 bytes), response.
extension DecryptionShare {
  private static let mark: [UInt8] = Array("TPD1".utf8)

  /// The share for a message.
  public func encoded(under key: ThresholdKey) -> [UInt8] {
    var writer = ByteWriter(mark: Self.mark)
    writer.write(key.publicKey.fingerprint)
    writer.write(UInt32(holder))
    writer.write(ciphertextDigest)
    writer.write(UInt64(elements.count))
    for element in elements { writer.write(element, byteCount: key.publicKey.bitCount / 8) }
    writer.write(proof.challenge, byteCount: ShareProof.challengeByteCount)
    writer.write(proof.response, byteCount: ShareProof.responseByteCount(key.publicKey))
    return writer.bytes
  }

  /// Reads a share of `holder` for opening `packed` under `key`.
  public init(
    encoded: [UInt8], under key: ThresholdKey, holder: Int, of packed: PackedCiphertext
  ) throws(PaillierError) {
    var reader = try ByteReader(encoded, mark: Self.mark, what: "a decryption share")
    guard Array(try reader.bytes(16)) == key.publicKey.fingerprint else { throw .mismatch(what: "the key") }
    guard try reader.word32() == holder, (1...key.holderCount).contains(holder) else {
      throw .mismatch(what: "the key-holder")
    }
    guard Array(try reader.bytes(32)) == packed.digest, try reader.word64() == packed.ciphertextCount else {
      throw .mismatch(what: "the ciphertexts")
    }
    let modulus = key.publicKey.modulus
    var elements: [BigInteger] = []
    var product: BigInteger = 1
    for _ in 0..<packed.ciphertextCount {
      let element = try reader.number(byteCount: key.publicKey.bitCount / 8)
      guard element < modulus else { throw reader.malformed("a power is not below the modulus") }
      elements.append(element)
      product = (product * element).modulo(modulus)
    }
    guard product.isCoprime(to: modulus) else {
      throw reader.malformed("a power has a factor in common with the modulus")
    }
    let proof = ShareProof(
      challenge: try reader.number(byteCount: ShareProof.challengeByteCount),
      response: try reader.number(byteCount: ShareProof.responseByteCount(key.publicKey)))
    try reader.finish()
    self.init(holder: holder, ciphertextDigest: packed.digest, elements: elements, proof: proof)
  }
}
