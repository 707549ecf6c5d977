import CKernels
public import Tensors

/// What needs no word from anybody.
extension CheckedScheme {
  public func constant(_ value: RingTensor) -> CheckedShare {
    let words = WideTensor(low: value)
    let zero = WideTensor(repeating: 0, shape: value.shape)
    return CheckedShare(
      value: WidePair(first: party == 0 ? words : zero, second: party == 2 ? words : zero),
      mac: WidePair(first: words.scaled(by: key.first), second: words.scaled(by: key.second)))
  }

  public func add(_ a: CheckedShare, _ b: CheckedShare) -> CheckedShare { a + b }

  public func subtract(_ a: CheckedShare, _ b: CheckedShare) -> CheckedShare { a - b }

  public func add(_ a: CheckedShare, word: UInt64) -> CheckedShare { adding(UInt128(word), to: a) }

  /// The share plus one public word.
  func adding(_ word: UInt128, to a: CheckedShare) -> CheckedShare {
    CheckedShare(
      value: WidePair(
        first: party == 0 ? a.value.first.adding(word) : a.value.first,
        second: party == 2 ? a.value.second.adding(word) : a.value.second),
      mac: WidePair(
        first: a.mac.first.adding(word &* key.first), second: a.mac.second.adding(word &* key.second)))
  }

  public func scale(_ a: CheckedShare, by word: UInt64) -> CheckedShare {
    word == 1 ? a : a.scaled(by: UInt128(word))
  }

  public func map(
    _ a: CheckedShare, to shape: Shape, _ linear: (RingTensor) -> RingTensor
  ) -> CheckedShare {
    a.apply { $0.map(to: shape, linear) }
  }

  public func concatenate(_ shares: [CheckedShare], axis: Int) -> CheckedShare {
    shares.count == 1 ? shares[0] : CheckedShare.concatenated(shares, axis: axis)
  }

  public func product(_ a: CheckedShare, by word: UInt64) -> CheckedProduct {
    CheckedProduct(form: .replicated(scale(a, by: word)))
  }

  public func add(_ a: CheckedProduct, _ b: CheckedProduct) -> CheckedProduct {
    let form: CheckedProduct.Form =
      switch (a.form, b.form) {
      case (.replicated(let a), .replicated(let b)): .replicated(a + b)
      case (.additive(let a, let aMAC), .additive(let b, let bMAC)): .additive(value: a + b, mac: aMAC + bMAC)
      case (.additive(let value, let mac), .replicated(let share)),
        (.replicated(let share), .additive(let value, let mac)):
        .additive(value: value + share.value.first, mac: mac + share.mac.first)
      }
    let own = [a.own, b.own].compactMap { $0 }
    return CheckedProduct(form: form, own: own.isEmpty ? nil : own.dropFirst().reduce(own[0]) { $0 + $1 })
  }

  /// Kept until the product is brought back: what has no MAC becomes an input then.
  public func add(_ a: CheckedProduct, own words: RingTensor) -> CheckedProduct {
    CheckedProduct(form: a.form, own: a.own.map { $0 + words } ?? words)
  }

  public func map(
    _ a: CheckedProduct, to shape: Shape, _ linear: (RingTensor) -> RingTensor
  ) -> CheckedProduct {
    apply(a, own: linear) { $0.map(to: shape, linear) }
  }

  public func scale(_ a: CheckedProduct, by word: UInt64) -> CheckedProduct {
    apply(a, own: { $0.scaled(by: word) }, wide: { $0.scaled(by: UInt128(word)) })
  }

  private func apply(
    _ a: CheckedProduct, own: (RingTensor) -> RingTensor, wide: (WideTensor) -> WideTensor
  ) -> CheckedProduct {
    let form: CheckedProduct.Form =
      switch a.form {
      case .additive(let value, let mac): .additive(value: wide(value), mac: wide(mac))
      case .replicated(let share): .replicated(share.apply(wide))
      }
    return CheckedProduct(form: form, own: a.own.map(own))
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
