import Arithmetic

/// Real numbers as ring words: each word is round(x · 2^f), signed.
public struct FixedTensor: Sendable {
  public let ring: RingTensor
  public let fractionBits: Int

  public init(ring: RingTensor, fractionBits: Int) {
    self.ring = ring
    self.fractionBits = fractionBits
  }

  public var shape: Shape { ring.shape }

  /// The real numbers again, rounded to `Float`.
  public func decoded() -> Tensor<Float> {
    Tensor<Float>(shape: shape, scalars: FixedPoint(fractionBits: fractionBits).decode(ring.scalars))
  }
}

extension Tensor where Scalar == Float {
  /// The nearest fixed-point numbers with `fractionBits` bits behind the point.
  ///
  /// - Throws: `EncodingError` naming the first value that is not finite or beyond 2^(62 − f).
  public func encoded(fractionBits: Int) throws -> FixedTensor {
    let words = try FixedPoint(fractionBits: fractionBits).encode(scalars)
    return FixedTensor(ring: RingTensor(shape: shape, scalars: words), fractionBits: fractionBits)
  }
}
