extension ThresholdKey {
  /// Opens a packed vector with the shares of any ``threshold`` holders; further ones are not looked at.
  ///
  /// One power of n modulo n² for each ciphertext. The result is right or there is an error: a wrong share leaves a
  /// number that is not 1 modulo n, upon which the proofs name its holder. Cores used: `threads`.
  public func open(
    _ packed: PackedCiphertext, with shares: [DecryptionShare], threads: Int = 1
  ) async throws -> [Int64] {
    try packed.checkKey(publicKey)
    let chosen = try choose(shares, for: packed)
    let combination = try Combination(key: self, holders: chosen.map(\.holder))
    let codec = try SlotCodec(layout: packed.layout, key: publicKey, modulus: PairModulus(publicKey.modulus))
    let residues: [BigInteger?] = try await inRuns(packed.ciphertextCount, threads: threads) { run in
      run.map { index in combination.residue(of: packed.value(index), chosen.map { $0.elements[index] }) }
    }
    return try residues.enumerated().flatMap { index, residue in
      guard let residue else { throw blame(chosen, for: packed, ciphertext: index) }
      return try codec.unpack(
        residue, count: packed.slotCount(index), summandCount: packed.summandCount, ciphertext: index)
    }
  }

  /// Whether a share was made by the rules: half a dozen powers modulo n and 128 products for each ciphertext.
  public func isRight(_ share: DecryptionShare, for packed: PackedCiphertext) -> Bool {
    guard (1...holderCount).contains(share.holder), share.ciphertextDigest == packed.digest else { return false }
    return share.proof.holds(
      for: ShareStatement(key: self, holder: share.holder, packed: packed, elements: share.elements))
  }

  private func choose(
    _ shares: [DecryptionShare], for packed: PackedCiphertext
  ) throws(PaillierError) -> [DecryptionShare] {
    var seen: Set<Int> = []
    let digest = packed.digest
    for share in shares {
      guard seen.insert(share.holder).inserted else { throw .repeatedShare(holder: share.holder) }
      guard (1...holderCount).contains(share.holder) else { throw .mismatch(what: "the key-holder") }
      guard share.ciphertextDigest == digest, share.elements.count == packed.ciphertextCount else {
        throw .mismatch(what: "the ciphertexts")
      }
    }
    guard shares.count >= threshold else { throw .tooFewShares(given: shares.count, threshold: threshold) }
    return Array(shares.prefix(threshold))
  }

  private func blame(
    _ shares: [DecryptionShare], for packed: PackedCiphertext, ciphertext: Int
  ) -> PaillierError {
    guard let wrong = shares.first(where: { !isRight($0, for: packed) }) else {
      return .undecodable(ciphertext: ciphertext)
    }
    return .wrongShare(holder: wrong.holder)
  }
}

/// How the shares of certain holders go together.
private struct Combination: Sendable {
  private let key: PublicKey
  /// 2λ_i = 2Δ·Π j/(j − i) over the other holders j, which are whole.
  private let exponents: [BigInteger]
  /// 4Δ², and its inverse modulo n.
  private let scale: BigInteger
  private let inverseScale: BigInteger

  init(key: ThresholdKey, holders: [Int]) throws(PaillierError) {
    self.key = key.publicKey
    let delta = key.delta
    exponents = holders.map { holder in
      let others = holders.filter { $0 != holder }.map { BigInteger($0) }
      let denominator = others.reduce(1) { $0 * ($1 - BigInteger(holder)) }
      return (delta * 2 * others.reduce(1, *)).dividedExactly(by: denominator)
    }
    scale = delta * delta * 4
    guard let inverse = scale.inverse(modulo: key.publicKey.modulus) else {
      throw .notAKey(reason: "the modulus has a small factor")
    }
    inverseScale = inverse
  }

  /// The plaintext in `0 ..< n`, or nothing where a share is wrong.
  func residue(of ciphertext: BigInteger, _ elements: [BigInteger]) -> BigInteger? {
    let modulus = key.modulus
    // 1/w: the powers with exponents whose sign is turned.
    var above: BigInteger = 1
    var below: BigInteger = 1
    for (element, exponent) in zip(elements, exponents) {
      let power = element.publicPower(exponent.magnitude, modulo: modulus)
      if exponent.isNegative {
        above = (above * power).modulo(modulus)
      } else {
        below = (below * power).modulo(modulus)
      }
    }
    guard let inverse = below.inverse(modulo: modulus) else { return nil }
    let root = (above * inverse).modulo(modulus)
    let left = (ciphertext.publicPower(scale, modulo: key.square) * root.publicPower(modulus, modulo: key.square))
      .modulo(key.square)
    guard left.modulo(modulus) == 1 else { return nil }
    return ((left - 1).dividedExactly(by: modulus) * inverseScale).modulo(modulus)
  }
}
