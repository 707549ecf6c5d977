import CKernels
public import Tensors

/// What needs no word from anybody.
extension CheckedScheme {
  public func constant(_ value: RingTensor) -> CheckedShare {
    // The public value is component 0, held by party 0 first and by party 2 second.
    let zero = RingTensor(repeating: 0, shape: value.shape)
    return CheckedShare(first: party == 0 ? value : zero, second: party == 2 ? value : zero)
  }

  public func add(_ a: CheckedShare, _ b: CheckedShare) -> CheckedShare { a + b }

  public func subtract(_ a: CheckedShare, _ b: CheckedShare) -> CheckedShare { a - b }

  public func add(_ a: CheckedShare, word: UInt64) -> CheckedShare {
    CheckedShare(
      first: party == 0 ? a.first.adding(word) : a.first, second: party == 2 ? a.second.adding(word) : a.second)
  }

  public func scale(_ a: CheckedShare, by word: UInt64) -> CheckedShare { word == 1 ? a : a.scaled(by: word) }

  public func map(
    _ a: CheckedShare, to shape: Shape, _ linear: (RingTensor) -> RingTensor
  ) -> CheckedShare {
    a.apply(linear)
  }

  public func concatenate(_ shares: [CheckedShare], axis: Int) -> CheckedShare {
    shares.count == 1 ? shares[0] : CheckedShare.concatenated(shares, axis: axis)
  }

  public func product(_ a: CheckedShare, by word: UInt64) -> CheckedProduct {
    CheckedProduct(share: scale(a, by: word))
  }

  public func add(_ a: CheckedProduct, _ b: CheckedProduct) -> CheckedProduct {
    let own = [a.own, b.own].compactMap { $0 }
    return CheckedProduct(
      share: a.share + b.share, own: own.isEmpty ? nil : own.dropFirst().reduce(own[0]) { $0 + $1 })
  }

  /// Kept until the product is brought back: it becomes an input then.
  public func add(_ a: CheckedProduct, own words: RingTensor) -> CheckedProduct {
    CheckedProduct(share: a.share, own: a.own.map { $0 + words } ?? words)
  }

  public func map(
    _ a: CheckedProduct, to shape: Shape, _ linear: (RingTensor) -> RingTensor
  ) -> CheckedProduct {
    CheckedProduct(share: a.share.apply(linear), own: a.own.map(linear))
  }

  public func not(_ bits: CheckedBits) -> CheckedBits {
    // Component 0 is flipped, at both its holders.
    var planes = bits.planes
    if party == 0 { planes.first = planes.first.map { ~$0 } }
    if party == 2 { planes.second = planes.second.map { ~$0 } }
    return CheckedBits(shape: bits.shape, planes: planes)
  }

  public func exclusiveOr(_ a: CheckedBits, _ b: CheckedBits) -> CheckedBits {
    CheckedBits(shape: a.shape, planes: a.planes ^ b.planes)
  }

  public func slice(_ bits: CheckedBits, _ range: Range<Int>) -> CheckedBits {
    CheckedBits(
      shape: [range.count],
      planes: PlanePair(
        first: bits.planes.first.sliced(bits: range), second: bits.planes.second.sliced(bits: range)))
  }

  public func reshape(_ bits: CheckedBits, to shape: Shape) -> CheckedBits {
    CheckedBits(shape: shape, planes: bits.planes)
  }

  public func concatenate(_ bits: [CheckedBits]) -> CheckedBits {
    let counts = bits.map(\.shape.count)
    return CheckedBits(
      shape: [counts.reduce(0, +)],
      planes: PlanePair(
        first: [UInt64](joining: bits.map(\.planes.first), counts: counts),
        second: [UInt64](joining: bits.map(\.planes.second), counts: counts)))
  }
}

extension PlanePair {
  static func ^ (a: PlanePair, b: PlanePair) -> PlanePair {
    var sum = a
    ck_bits_xor(sum.first.count, sum.first, b.first, &sum.first)
    ck_bits_xor(sum.second.count, sum.second, b.second, &sum.second)
    return sum
  }
}
