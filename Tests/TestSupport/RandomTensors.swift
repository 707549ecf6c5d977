public import Arithmetic
public import Tensors

extension PublicGenerator {
  /// Ring words whose signed values are uniform in −2^bits ..< 2^bits, `bits` in 0...63.
  public mutating func words(_ shape: Shape, bits: Int = 63) -> RingTensor {
    let shift = UInt64(63 - bits)
    return RingTensor(
      shape: shape,
      scalars: (0..<shape.count).map { _ in UInt64(bitPattern: Int64(bitPattern: next()) >> Int64(shift)) })
  }

  /// Floats uniform in a range.
  public mutating func floats(_ shape: Shape, in range: ClosedRange<Float>) -> Tensor<Float> {
    let width = range.upperBound - range.lowerBound
    return Tensor(shape: shape, scalars: (0..<shape.count).map { _ in range.lowerBound + width * Float(uniform()) })
  }

  /// One of `0..<bound`; nearly uniform, which is enough for tests.
  public mutating func choice(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

extension Tensor where Scalar == UInt64 {
  /// The words as signed numbers.
  public var signed: [Int64] { scalars.map { Int64(bitPattern: $0) } }

  public init(signed values: [Int64]) {
    self.init(shape: [values.count], scalars: values.map { UInt64(bitPattern: $0) })
  }

  /// The real numbers that the words stand for, exactly.
  public func reals(fractionBits: Int) -> [Double] {
    signed.map { Double($0) / Double(sign: .plus, exponent: fractionBits, significand: 1) }
  }

  /// A vector of the words nearest to real numbers.
  public init(reals: [Double], fractionBits: Int) {
    let scale = Double(sign: .plus, exponent: fractionBits, significand: 1)
    self.init(signed: reals.map { Int64(($0 * scale).rounded()) })
  }
}

/// The places in which two arrays differ, their lengths included. For large arrays in expectations: a failed comparison of
/// the arrays themselves would look for their smallest difference, which takes for ever.
public func mismatchCount<Element: Equatable>(_ a: [Element], _ b: [Element]) -> Int {
  zip(a, b).count { $0 != $1 } + abs(a.count - b.count)
}
