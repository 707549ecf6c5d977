/// Encrypts vectors of values, many values to a ciphertext, for sums that nobody sees but the holder of the private
/// key.
public struct PackedEncryptor: Sendable {
  public let layout: PackingLayout
  private let encryptor: PrecomputedEncryptor
  private let codec: SlotCodec

  /// Builds a table of powers first; the key must come with its short base.
  public init(_ key: PublicKey, layout: PackingLayout) throws(PaillierError) {
    try self.init(PrecomputedEncryptor(key), layout: layout)
  }

  public init(_ encryptor: PrecomputedEncryptor, layout: PackingLayout) throws(PaillierError) {
    self.layout = layout
    self.encryptor = encryptor
    codec = try SlotCodec(layout: layout, key: encryptor.publicKey, modulus: encryptor.modulus)
  }

  /// Encrypts values within ±``PackingLayout/largestValue``; one out of range is an error. Cores used: `threads`.
  public func encrypt(_ values: [Int64], threads: Int = 1) async throws -> PackedCiphertext {
    let bytes = try await inRuns(layout.ciphertextCount(valueCount: values.count), threads: threads) { run in
      var residues = [UInt]()
      residues.reserveCapacity(run.count * encryptor.modulus.limbCount)
      for index in run {
        let first = index * layout.slotCount
        try codec.pack(values[first..<min(first + layout.slotCount, values.count)], into: &residues)
      }
      return encryptor.encrypt(residues: residues)
    }
    return PackedCiphertext(
      layout: layout, keyFingerprint: encryptor.publicKey.fingerprint, valueCount: values.count, summandCount: 1,
      bytes: bytes)
  }

  /// Encrypts real numbers within ±bound; see ``PackingLayout/values(of:bound:)``.
  public func encrypt(_ reals: [Float], bound: Double, threads: Int = 1) async throws -> PackedCiphertext {
    try await encrypt(layout.values(of: reals, bound: bound), threads: threads)
  }
}

extension PrivateKey {
  /// The values of a packed vector, exact. Cores used: `threads`.
  public func decrypt(_ packed: PackedCiphertext, threads: Int = 1) async throws -> [Int64] {
    try packed.checkKey(publicKey)
    let codec = try SlotCodec(layout: packed.layout, key: publicKey, modulus: PairModulus(publicKey.modulus))
    return try await inRuns(packed.ciphertextCount, threads: threads) { run in
      try run.flatMap { index in
        try codec.unpack(
          residue(of: packed.value(index)), count: packed.slotCount(index), summandCount: packed.summandCount,
          ciphertext: index)
      }
    }
  }
}
