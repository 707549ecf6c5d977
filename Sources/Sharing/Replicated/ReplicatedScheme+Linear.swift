import CKernels
public import Tensors

/// What needs no word from anybody.
extension ReplicatedScheme {
  public func constant(_ value: RingTensor) -> ReplicatedShare {
    // The public value is component 0, held by party 0 first and by party 2 second.
    let zero = RingTensor(repeating: 0, shape: value.shape)
    return ReplicatedShare(first: party == 0 ? value : zero, second: party == 2 ? value : zero)
  }

  public func add(_ a: ReplicatedShare, _ b: ReplicatedShare) -> ReplicatedShare {
    ReplicatedShare(first: a.first + b.first, second: a.second + b.second)
  }

  public func subtract(_ a: ReplicatedShare, _ b: ReplicatedShare) -> ReplicatedShare {
    ReplicatedShare(first: a.first - b.first, second: a.second - b.second)
  }

  public func add(_ a: ReplicatedShare, word: UInt64) -> ReplicatedShare {
    ReplicatedShare(
      first: party == 0 ? a.first.adding(word) : a.first, second: party == 2 ? a.second.adding(word) : a.second)
  }

  public func scale(_ a: ReplicatedShare, by word: UInt64) -> ReplicatedShare {
    ReplicatedShare(first: a.first.scaled(by: word), second: a.second.scaled(by: word))
  }

  public func map(
    _ a: ReplicatedShare, to shape: Shape, _ linear: (RingTensor) -> RingTensor
  ) -> ReplicatedShare {
    ReplicatedShare(first: linear(a.first), second: linear(a.second))
  }

  public func concatenate(_ shares: [ReplicatedShare], axis: Int) -> ReplicatedShare {
    shares.count == 1
      ? shares[0]
      : ReplicatedShare(
        first: RingTensor.concatenated(shares.map(\.first), axis: axis),
        second: RingTensor.concatenated(shares.map(\.second), axis: axis))
  }

  public func product(_ a: ReplicatedShare, by word: UInt64) -> ReplicatedProduct {
    ReplicatedProduct(form: .replicated(scale(a, by: word)))
  }

  public func add(_ a: ReplicatedProduct, _ b: ReplicatedProduct) -> ReplicatedProduct {
    switch (a.form, b.form) {
    case (.replicated(let a), .replicated(let b)): ReplicatedProduct(form: .replicated(add(a, b)))
    case (.additive(let a), .additive(let b)): ReplicatedProduct(form: .additive(a + b))
    case (.additive(let a), .replicated(let b)), (.replicated(let b), .additive(let a)):
      ReplicatedProduct(form: .additive(a + b.first))
    }
  }

  /// The own words join this party's summand, which nobody else knows: a share of zero masks it, drawn here where the product
  /// has none.
  public func add(_ a: ReplicatedProduct, own words: RingTensor) -> ReplicatedProduct {
    switch a.form {
    case .additive(let summand): return ReplicatedProduct(form: .additive(summand + words))
    case .replicated(let share):
      let mask = zeroShare(beginOperation(), draw: 0, shape: share.shape)
      return ReplicatedProduct(form: .additive(share.first + mask + words))
    }
  }

  public func map(
    _ a: ReplicatedProduct, to shape: Shape, _ linear: (RingTensor) -> RingTensor
  ) -> ReplicatedProduct {
    switch a.form {
    case .additive(let summand): ReplicatedProduct(form: .additive(linear(summand)))
    case .replicated(let share): ReplicatedProduct(form: .replicated(map(share, to: shape, linear)))
    }
  }

  public func not(_ bits: ReplicatedBits) -> ReplicatedBits {
    // Component 0 is flipped, at all its holders.
    func flipped(_ words: [UInt64]) -> [UInt64] { words.map { ~$0 } }
    return ReplicatedBits(
      shape: bits.shape, first: party == 0 ? flipped(bits.first) : bits.first,
      second: party == 2 ? flipped(bits.second) : bits.second, origin: bits.origin)
  }

  public func exclusiveOr(_ a: ReplicatedBits, _ b: ReplicatedBits) -> ReplicatedBits {
    ReplicatedBits(
      shape: a.shape, first: zip(a.first, b.first).map { $0 ^ $1 }, second: zip(a.second, b.second).map { $0 ^ $1 })
  }

  public func slice(_ bits: ReplicatedBits, _ range: Range<Int>) -> ReplicatedBits {
    ReplicatedBits(
      shape: [range.count], first: bits.first.sliced(bits: range), second: bits.second.sliced(bits: range))
  }

  public func reshape(_ bits: ReplicatedBits, to shape: Shape) -> ReplicatedBits {
    ReplicatedBits(shape: shape, first: bits.first, second: bits.second, origin: bits.origin)
  }

  public func concatenate(_ bits: [ReplicatedBits]) -> ReplicatedBits {
    let counts = bits.map(\.shape.count)
    return ReplicatedBits(
      shape: [counts.reduce(0, +)], first: [UInt64](joining: bits.map(\.first), counts: counts),
      second: [UInt64](joining: bits.map(\.second), counts: counts))
  }
}

extension [UInt64] {
  /// The first bits of packed planes one after the other; what a plane has past its count is left out.
  init(joining planes: [[UInt64]], counts: [Int]) {
    self.init(repeating: 0, count: (counts.reduce(0, +) + 63) / 64)
    var position = 0
    for (plane, count) in zip(planes, counts) {
      for index in 0..<(count + 63) / 64 {
        let rest = count - 64 * index
        let word = rest < 64 ? plane[index] & (1 << UInt64(rest) - 1) : plane[index]
        let (target, shift) = ((position + 64 * index) / 64, UInt64(position % 64))
        self[target] |= word << shift
        if shift > 0, target + 1 < self.count { self[target + 1] |= word >> (64 - shift) }
      }
      position += count
    }
  }

  /// Bits of a packed plane, packed again from bit 0.
  func sliced(bits range: Range<Int>) -> [UInt64] {
    let shift = UInt64(range.lowerBound % 64)
    let start = range.lowerBound / 64
    return (0..<(range.count + 63) / 64).map { index in
      let low = self[start + index] >> shift
      let high = shift > 0 && start + index + 1 < count ? self[start + index + 1] << (64 - shift) : 0
      return low | high
    }
  }
}
