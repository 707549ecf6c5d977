/// Bits: gates among all parties, with the dealer's triples and monomials. For n parties.
extension AdditiveScheme {
  /// 1 + ⌈log₂ ⌈(b − 1)/4⌉⌉ rounds; 29 bytes a scalar for two parties at b = 64, 21.5 at b = 32; dealt: 32.375 and 15.5.
  public func negative(_ share: AdditiveShare, width: Int) async throws -> AdditiveBits {
    try await DealtGates(self).negative(share, width: width)
  }

  /// One round; exact for all words. One bit times n − 1 a party where the bits are signs of these scalars (or their
  /// opposites), whose mask is opened already, else 8(n − 1) bytes more; dealt: 16 bytes a scalar.
  public func multiply(_ bits: AdditiveBits, _ share: AdditiveShare) async throws -> AdditiveShare {
    try await DealtGates(self).multiply(bits, share)
  }

  /// One round, n − 1 bits a party and bit; dealt: 8 bytes.
  public func convert(_ bits: AdditiveBits) async throws -> AdditiveShare {
    try await DealtGates(self).convert(bits)
  }

  /// One round, n − 1 bits a party and bit, however many tables; dealt: 8 bytes a bit.
  public func weightedSums(_ bits: [AdditiveBits], tables: [[UInt64]]) async throws -> [AdditiveShare] {
    try await DealtGates(self).weightedSums(bits, tables: tables)
  }

  /// 1 + ⌈log₂ ⌈(b − 1)/4⌉⌉ rounds.
  public func decompose(_ share: AdditiveShare, width: Int) async throws -> [AdditiveBits] {
    try await DealtGates(self).decompose(share, width: width)
  }

  /// One round for all pairs, 2(n − 1) bits a party and gate; dealt: one bit.
  public func and(_ pairs: [(AdditiveBits, AdditiveBits)]) async throws -> [AdditiveBits] {
    try await DealtGates(self).and(pairs)
  }
}
