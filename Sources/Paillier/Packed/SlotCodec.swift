import CPaillier

/// Values of one layout to and from plaintexts of one key.
///
/// Slots are written as v + 2^(slotBits − 1), which is never negative; the plaintext is that minus the same with all
/// values zero. So a sum of any number of plaintexts decodes alike, whoever counts the summands.
struct SlotCodec: Sendable {
  let layout: PackingLayout
  private let key: PublicKey
  private let modulus: PairModulus
  /// Σ 2^(slotBits − 1 + k·slotBits).
  private let offset: BigInteger
  /// n − offset.
  private let negatedOffset: [UInt]

  init(layout: PackingLayout, key: PublicKey, modulus: PairModulus) throws(PaillierError) {
    guard layout.keyBits == key.bitCount else { throw .mismatch(what: "the size of the key") }
    self.layout = layout
    self.key = key
    self.modulus = modulus
    var offset: BigInteger = 0
    for slot in 0..<layout.slotCount { offset = offset + .powerOfTwo(slot * layout.slotBits + layout.slotBits - 1) }
    self.offset = offset
    negatedOffset = (key.modulus - offset).limbs(count: modulus.limbCount)
  }

  /// Appends the plaintext, as a number of `0 ..< n`, of up to ``PackingLayout/slotCount`` values, missing ones being
  /// zero.
  ///
  /// No branch depends on a value, except for the refusal of one that is out of range.
  func pack(_ values: ArraySlice<Int64>, into residues: inout [UInt]) throws(PaillierError) {
    var slots = [UInt](repeating: 0, count: modulus.limbCount)
    defer { for limb in slots.indices { slots[limb] = 0 } }
    for slot in 0..<layout.slotCount {
      let index = values.startIndex + slot
      let value = index < values.endIndex ? values[index] : 0
      guard value.magnitude <= UInt64(layout.largestValue) else {
        throw .valueOutOfRange(index: index, bound: Double(layout.largestValue))
      }
      let digit = UInt(bitPattern: Int(value + 1 << Int64(layout.slotBits - 1)))
      let (limb, shift) = (slot * layout.slotBits).quotientAndRemainder(dividingBy: UInt.bitWidth)
      slots[limb] |= digit << UInt(shift)
      if shift + layout.slotBits > UInt.bitWidth { slots[limb + 1] |= digit >> UInt(UInt.bitWidth - shift) }
    }
    modulus.withKernel { kernel in
      slots.withUnsafeMutableBufferPointer { cp_add_modulo(kernel, $0.baseAddress, $0.baseAddress, negatedOffset) }
    }
    residues.append(contentsOf: slots)
  }

  /// The first `count` slots of a plaintext, given as a number of `0 ..< n`, that is a sum of `summandCount` vectors.
  func unpack(_ residue: BigInteger, count: Int, summandCount: Int, ciphertext: Int) throws(PaillierError) -> [Int64] {
    let sum = (residue + offset).modulo(key.modulus)
    guard sum.bitCount <= layout.slotCount * layout.slotBits else { throw .undecodable(ciphertext: ciphertext) }
    let limbs = sum.limbs(count: modulus.limbCount)
    let limit = UInt64(layout.largestValue) * UInt64(summandCount)
    var values = [Int64]()
    values.reserveCapacity(count)
    for slot in 0..<layout.slotCount {
      let (limb, shift) = (slot * layout.slotBits).quotientAndRemainder(dividingBy: UInt.bitWidth)
      var digit = limbs[limb] >> UInt(shift)
      if shift + layout.slotBits > UInt.bitWidth { digit |= limbs[limb + 1] << UInt(UInt.bitWidth - shift) }
      let value = Int64(digit & (1 << UInt(layout.slotBits) - 1)) - 1 << Int64(layout.slotBits - 1)
      guard value.magnitude <= (slot < count ? limit : 0) else { throw .undecodable(ciphertext: ciphertext) }
      if slot < count { values.append(value) }
    }
    return values
  }
}
