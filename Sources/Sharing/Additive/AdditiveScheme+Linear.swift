public import Tensors

/// What needs no word from anybody.
extension AdditiveScheme {
  public func constant(_ value: RingTensor) -> AdditiveShare {
    AdditiveShare(party == 0 ? value : RingTensor(repeating: 0, shape: value.shape))
  }

  public func add(_ a: AdditiveShare, _ b: AdditiveShare) -> AdditiveShare { AdditiveShare(a.summand + b.summand) }

  public func subtract(_ a: AdditiveShare, _ b: AdditiveShare) -> AdditiveShare { AdditiveShare(a.summand - b.summand) }

  public func add(_ a: AdditiveShare, word: UInt64) -> AdditiveShare {
    AdditiveShare(party == 0 ? a.summand.adding(word) : a.summand)
  }

  public func scale(_ a: AdditiveShare, by word: UInt64) -> AdditiveShare { AdditiveShare(a.summand.scaled(by: word)) }

  public func map(
    _ a: AdditiveShare, to shape: Shape, _ linear: (RingTensor) -> RingTensor
  ) -> AdditiveShare {
    AdditiveShare(linear(a.summand))
  }

  public func concatenate(_ shares: [AdditiveShare], axis: Int) -> AdditiveShare {
    shares.count == 1 ? shares[0] : AdditiveShare(RingTensor.concatenated(shares.map(\.summand), axis: axis))
  }

  public func product(_ a: AdditiveShare, by word: UInt64) -> AdditiveProduct {
    AdditiveProduct(summand: word == 1 ? a.summand : a.summand.scaled(by: word))
  }

  public func add(_ a: AdditiveProduct, _ b: AdditiveProduct) -> AdditiveProduct {
    AdditiveProduct(summand: a.summand + b.summand)
  }

  public func add(_ a: AdditiveProduct, own words: RingTensor) -> AdditiveProduct {
    AdditiveProduct(summand: a.summand + words)
  }

  public func map(
    _ a: AdditiveProduct, to shape: Shape, _ linear: (RingTensor) -> RingTensor
  ) -> AdditiveProduct {
    AdditiveProduct(summand: linear(a.summand))
  }

  public func not(_ bits: AdditiveBits) -> AdditiveBits {
    AdditiveBits(shape: bits.shape, words: party == 0 ? bits.words.map { ~$0 } : bits.words, origin: bits.origin)
  }

  public func exclusiveOr(_ a: AdditiveBits, _ b: AdditiveBits) -> AdditiveBits {
    AdditiveBits(shape: a.shape, words: zip(a.words, b.words).map { $0 ^ $1 })
  }

  public func slice(_ bits: AdditiveBits, _ range: Range<Int>) -> AdditiveBits {
    AdditiveBits(shape: [range.count], words: bits.words.sliced(bits: range))
  }

  public func reshape(_ bits: AdditiveBits, to shape: Shape) -> AdditiveBits {
    AdditiveBits(shape: shape, words: bits.words, origin: bits.origin)
  }

  public func concatenate(_ bits: [AdditiveBits]) -> AdditiveBits {
    let counts = bits.map(\.shape.count)
    return AdditiveBits(
      shape: [counts.reduce(0, +)], words: [UInt64](joining: bits.map(\.words), counts: counts))
  }
}
