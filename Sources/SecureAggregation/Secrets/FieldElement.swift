/// A number modulo the prime p = 2²⁵⁶ − 189, in which a secret of 32 bytes with a clear top bit fits.
///
/// Running times do not depend on values. A number is kept below 2²⁵⁶, not always below p; its bytes are those of the
/// smallest representative.
package struct FieldElement: Sendable {
  package static let byteCount = 32
  private static let excess: UInt64 = 189

  /// Little-endian.
  private var a: UInt64
  private var b: UInt64
  private var c: UInt64
  private var d: UInt64

  @inline(__always) package init(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) {
    self.a = a
    self.b = b
    self.c = c
    self.d = d
  }

  package static let zero = FieldElement(0, 0, 0, 0)
  package static let one = FieldElement(1, 0, 0, 0)

  /// The element of 32 bytes, little-endian; nil unless it is below p.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    var words: [UInt64] = [0, 0, 0, 0]
    for (index, byte) in bytes.enumerated() { words[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8) }
    self.init(words[0], words[1], words[2], words[3])
    let isBelow = d != .max || c != .max || b != .max || a < 0 &- Self.excess
    guard isBelow else { return nil }
  }

  /// 32 bytes, little-endian.
  package var bytes: [UInt8] {
    let least = reduced
    return [least.a, least.b, least.c, least.d].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
    }
  }

  /// The representative below p: v + 189 overflows exactly where v ≥ p, and then is v − p.
  private var reduced: FieldElement {
    let (sum, carry) = adding(Self.excess)
    let mask = 0 &- carry
    return FieldElement(
      a ^ (mask & (a ^ sum.a)), b ^ (mask & (b ^ sum.b)), c ^ (mask & (c ^ sum.c)), d ^ (mask & (d ^ sum.d)))
  }

  /// Adds a small number, with what goes beyond 2²⁵⁶.
  @inline(__always) private func adding(_ small: UInt64) -> (FieldElement, carry: UInt64) {
    var total = UInt128(a) &+ UInt128(small)
    let a = UInt64(truncatingIfNeeded: total)
    total = UInt128(b) &+ total >> 64
    let b = UInt64(truncatingIfNeeded: total)
    total = UInt128(c) &+ total >> 64
    let c = UInt64(truncatingIfNeeded: total)
    total = UInt128(d) &+ total >> 64
    return (FieldElement(a, b, c, UInt64(truncatingIfNeeded: total)), UInt64(truncatingIfNeeded: total >> 64))
  }

  /// This plus `top`·2²⁵⁶, `top` below 2⁵⁶: 2²⁵⁶ is 189, and a second carry leaves too little for a third.
  @inline(__always) private func folding(_ top: UInt64) -> FieldElement {
    let (once, carry) = adding(top &* Self.excess)
    return once.adding(carry &* Self.excess).0
  }
}

extension FieldElement {
  @inline(__always) package static func + (x: FieldElement, y: FieldElement) -> FieldElement {
    var total = UInt128(x.a) &+ UInt128(y.a)
    let a = UInt64(truncatingIfNeeded: total)
    total = UInt128(x.b) &+ UInt128(y.b) &+ total >> 64
    let b = UInt64(truncatingIfNeeded: total)
    total = UInt128(x.c) &+ UInt128(y.c) &+ total >> 64
    let c = UInt64(truncatingIfNeeded: total)
    total = UInt128(x.d) &+ UInt128(y.d) &+ total >> 64
    return FieldElement(a, b, c, UInt64(truncatingIfNeeded: total)).folding(UInt64(truncatingIfNeeded: total >> 64))
  }

  package static prefix func - (x: FieldElement) -> FieldElement {
    // p − v for v below p, and p where v is 0.
    let least = x.reduced
    return FieldElement(~least.a, ~least.b, ~least.c, ~least.d).subtractingSmall(excess - 1)
  }

  /// Minus a small number, for values that are not smaller.
  private func subtractingSmall(_ small: UInt64) -> FieldElement {
    let (a, borrowA) = a.subtractingReportingOverflow(small)
    let (b, borrowB) = b.subtractingReportingOverflow(borrowA ? 1 : 0)
    let (c, borrowC) = c.subtractingReportingOverflow(borrowB ? 1 : 0)
    return FieldElement(a, b, c, d &- (borrowC ? 1 : 0))
  }

  /// Times a number below 2⁴⁸, such as a client's place.
  @inline(__always) package func times(_ small: UInt64) -> FieldElement {
    var total = UInt128(a) &* UInt128(small)
    let a = UInt64(truncatingIfNeeded: total)
    total = UInt128(b) &* UInt128(small) &+ total >> 64
    let b = UInt64(truncatingIfNeeded: total)
    total = UInt128(c) &* UInt128(small) &+ total >> 64
    let c = UInt64(truncatingIfNeeded: total)
    total = UInt128(d) &* UInt128(small) &+ total >> 64
    return FieldElement(a, b, c, UInt64(truncatingIfNeeded: total)).folding(UInt64(truncatingIfNeeded: total >> 64))
  }

  @inline(__always) private func row(_ word: UInt64, onto sum: FieldElement) -> (low: UInt64, rest: FieldElement) {
    var total = UInt128(a) &* UInt128(word) &+ UInt128(sum.a)
    let low = UInt64(truncatingIfNeeded: total)
    total = UInt128(b) &* UInt128(word) &+ UInt128(sum.b) &+ total >> 64
    let a = UInt64(truncatingIfNeeded: total)
    total = UInt128(c) &* UInt128(word) &+ UInt128(sum.c) &+ total >> 64
    let b = UInt64(truncatingIfNeeded: total)
    total = UInt128(d) &* UInt128(word) &+ UInt128(sum.d) &+ total >> 64
    return (low, FieldElement(a, b, UInt64(truncatingIfNeeded: total), UInt64(truncatingIfNeeded: total >> 64)))
  }

  package static func * (x: FieldElement, y: FieldElement) -> FieldElement {
    let (a, first) = x.row(y.a, onto: .zero)
    let (b, second) = x.row(y.b, onto: first)
    let (c, third) = x.row(y.c, onto: second)
    let (d, high) = x.row(y.d, onto: third)
    return high.times(excess) + FieldElement(a, b, c, d)
  }

  /// By Fermat: x^(p − 2). The inverse of 0 is 0.
  package var inverse: FieldElement {
    // p − 2 = 2²⁵⁶ − 191: all bits are ones but those of 190.
    var power = FieldElement.one
    for bit in stride(from: 255, through: 0, by: -1) {
      power = power * power
      if bit >= 8 || (~UInt64(190) >> UInt64(bit)) & 1 == 1 { power = power * self }
    }
    return power
  }
}
