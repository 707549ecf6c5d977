import CKernels
public import Tensors

/// What needs no word from anybody.
extension AuthenticatedScheme {
  public func constant(_ value: RingTensor) -> AuthenticatedShare {
    AuthenticatedShare(publicWords(WideTensor(low: value)))
  }

  /// A party's part of public words.
  func publicWords(_ words: WideTensor) -> AuthenticatedWords { each { _, factor in words.scaled(by: factor) } }

  /// The words plus one public word.
  func adding(_ word: UInt128, to words: AuthenticatedWords) -> AuthenticatedWords {
    each { words[keyPath: $0].adding($1 &* word) }
  }

  public func add(_ a: AuthenticatedShare, _ b: AuthenticatedShare) -> AuthenticatedShare {
    AuthenticatedShare(a.words + b.words)
  }

  public func subtract(_ a: AuthenticatedShare, _ b: AuthenticatedShare) -> AuthenticatedShare {
    AuthenticatedShare(a.words - b.words)
  }

  public func add(_ a: AuthenticatedShare, word: UInt64) -> AuthenticatedShare {
    AuthenticatedShare(adding(UInt128(word), to: a.words))
  }

  public func scale(_ a: AuthenticatedShare, by word: UInt64) -> AuthenticatedShare {
    AuthenticatedShare(a.words.scaled(by: UInt128(word)))
  }

  public func map(
    _ a: AuthenticatedShare, to shape: Shape, _ linear: (RingTensor) -> RingTensor
  ) -> AuthenticatedShare {
    AuthenticatedShare(a.words.apply { $0.map(to: shape, linear) })
  }

  public func reshape(_ a: AuthenticatedShare, to shape: Shape) -> AuthenticatedShare {
    AuthenticatedShare(a.words.apply { $0.reshaped(to: shape) })
  }

  public func concatenate(_ shares: [AuthenticatedShare], axis: Int) -> AuthenticatedShare {
    guard shares.count > 1 else { return shares[0] }
    return AuthenticatedShare(
      AuthenticatedWords(
        value: WideTensor.concatenated(shares.map(\.words.value), axis: axis),
        mac: WideTensor.concatenated(shares.map(\.words.mac), axis: axis)))
  }

  public func product(_ a: AuthenticatedShare, by word: UInt64) -> AuthenticatedProduct {
    AuthenticatedProduct(words: word == 1 ? a.words : a.words.scaled(by: UInt128(word)))
  }

  public func add(_ a: AuthenticatedProduct, _ b: AuthenticatedProduct) -> AuthenticatedProduct {
    let own = [a.own, b.own].compactMap { $0 }
    return AuthenticatedProduct(
      words: a.words + b.words, own: own.isEmpty ? nil : own.dropFirst().reduce(own[0]) { $0 + $1 })
  }

  /// Kept until the product is brought back: what has no MAC becomes an input then.
  public func add(_ a: AuthenticatedProduct, own words: RingTensor) -> AuthenticatedProduct {
    AuthenticatedProduct(words: a.words, own: a.own.map { $0 + words } ?? words)
  }

  public func map(
    _ a: AuthenticatedProduct, to shape: Shape, _ linear: (RingTensor) -> RingTensor
  ) -> AuthenticatedProduct {
    AuthenticatedProduct(words: a.words.apply { $0.map(to: shape, linear) }, own: a.own.map(linear))
  }

  public func scale(_ a: AuthenticatedProduct, by word: UInt64) -> AuthenticatedProduct {
    AuthenticatedProduct(words: a.words.scaled(by: UInt128(word)), own: a.own?.scaled(by: word))
  }

  public func not(_ bits: AuthenticatedBits) -> AuthenticatedBits {
    let delta = keys.bits
    return AuthenticatedBits(
      shape: bits.shape, words: party == 0 ? bits.words.map { ~$0 } : bits.words, macs: bits.macs.map { $0 ^ delta },
      origin: bits.origin)
  }

  public func exclusiveOr(_ a: AuthenticatedBits, _ b: AuthenticatedBits) -> AuthenticatedBits {
    var (words, macs) = (a.words, a.macs)
    ck_bits_xor(words.count, words, b.words, &words)
    ck_bits_xor(macs.count, macs, b.macs, &macs)
    return AuthenticatedBits(shape: a.shape, words: words, macs: macs)
  }

  public func slice(_ bits: AuthenticatedBits, _ range: Range<Int>) -> AuthenticatedBits {
    AuthenticatedBits(shape: [range.count], words: bits.words.sliced(bits: range), macs: Array(bits.macs[range]))
  }

  public func reshape(_ bits: AuthenticatedBits, to shape: Shape) -> AuthenticatedBits {
    AuthenticatedBits(shape: shape, words: bits.words, macs: bits.macs, origin: bits.origin)
  }

  public func concatenate(_ bits: [AuthenticatedBits]) -> AuthenticatedBits {
    let counts = bits.map(\.shape.count)
    return AuthenticatedBits(
      shape: [counts.reduce(0, +)], words: [UInt64](joining: bits.map(\.words), counts: counts),
      macs: bits.flatMap(\.macs))
  }
}
