import CKernels
import Tensors

/// Words of the ring Z/2¹²⁸ under a shape: the low halves of all scalars, then their high halves.
struct WideTensor: Sendable {
  let shape: Shape
  /// Twice as many as there are scalars.
  var words: [UInt64]

  var count: Int { shape.count }

  init(shape: Shape, words: [UInt64]) {
    precondition(words.count == 2 * shape.count, "\(words.count) words do not fill shape \(shape) twice")
    self.shape = shape
    self.words = words
  }

  init(repeating word: UInt128, shape: Shape) {
    self.shape = shape
    words =
      [UInt64](repeating: UInt64(truncatingIfNeeded: word), count: shape.count)
      + [UInt64](repeating: UInt64(truncatingIfNeeded: word >> 64), count: shape.count)
  }

  /// The same words with zeros above.
  init(low: RingTensor) {
    shape = low.shape
    words = low.scalars + [UInt64](repeating: 0, count: low.count)
  }

  init(low: RingTensor, high: RingTensor) {
    shape = low.shape
    words = low.scalars + high.scalars
  }

  /// Words modulo 2⁶⁴.
  var low: RingTensor { RingTensor(shape: shape, scalars: Array(words[..<count])) }
  /// What lies above.
  var high: RingTensor { RingTensor(shape: shape, scalars: Array(words[count...])) }

  static func + (a: WideTensor, b: WideTensor) -> WideTensor {
    a.made { ck_u128_add(a.count, a.words, b.words, $0) }
  }

  static func - (a: WideTensor, b: WideTensor) -> WideTensor {
    a.made { ck_u128_sub(a.count, a.words, b.words, $0) }
  }

  func scaled(by factor: UInt128) -> WideTensor {
    made { ck_u128_scale(count, words, factor.low, factor.high, $0) }
  }

  func adding(_ word: UInt128) -> WideTensor {
    made { ck_u128_add_scalar(count, words, word.low, word.high, $0) }
  }

  /// `self + factor · other`
  func adding(_ other: WideTensor, times factor: UInt128) -> WideTensor {
    var result = self
    ck_u128_axpy(count, factor.low, factor.high, other.words, &result.words)
    return result
  }

  /// The integer map that a linear map on words modulo 2⁶⁴ is, given that the weights of each result add up to less than
  /// 2³¹ in absolute value: on limbs of 32 bits no sum wraps.
  func map(to shape: Shape, _ linear: (RingTensor) -> RingTensor) -> WideTensor {
    var limbs = [UInt64](repeating: 0, count: 4 * count)
    ck_u128_split(count, words, &limbs)
    var mapped: [UInt64] = []
    mapped.reserveCapacity(4 * shape.count)
    for place in 0..<4 {
      mapped +=
        linear(RingTensor(shape: self.shape, scalars: Array(limbs[place * count..<(place + 1) * count]))).scalars
    }
    var result = WideTensor(repeating: 0, shape: shape)
    ck_u128_join_add(shape.count, mapped, &result.words)
    return result
  }

  /// A map that only moves and copies scalars.
  func rearranged(_ move: (RingTensor) -> RingTensor) -> WideTensor { WideTensor(low: move(low), high: move(high)) }

  func reshaped(to shape: Shape) -> WideTensor { WideTensor(shape: shape, words: words) }

  static func concatenated(_ tensors: [WideTensor], axis: Int) -> WideTensor {
    WideTensor(
      low: RingTensor.concatenated(tensors.map(\.low), axis: axis),
      high: RingTensor.concatenated(tensors.map(\.high), axis: axis))
  }

  /// Scalars of a tensor of one axis.
  func sliced(_ range: Range<Int>) -> WideTensor {
    let high = range.lowerBound + count..<range.upperBound + count
    return WideTensor(shape: [range.count], words: Array(words[range]) + words[high])
  }

  /// The sum of all scalars, each times its weight.
  func dot(_ weights: [UInt64]) -> UInt128 { Self.dot(weights, words, count) }

  /// The sum of scalars, low halves before high ones, each times its weight.
  static func dot(_ weights: [UInt64], _ words: [UInt64], _ count: Int) -> UInt128 {
    var sum: [UInt64] = [0, 0]
    ck_u128_dot(count, weights, words, &sum)
    return UInt128(sum[1]) << 64 | UInt128(sum[0])
  }

  /// A tensor of this shape whose words the closure writes, all of them.
  private func made(_ body: (UnsafeMutablePointer<UInt64>?) -> Void) -> WideTensor { Self.made(shape, body) }

  /// A tensor whose words the closure writes, all of them.
  static func made(_ shape: Shape, _ body: (UnsafeMutablePointer<UInt64>?) -> Void) -> WideTensor {
    WideTensor(
      shape: shape,
      words: [UInt64](unsafeUninitializedCapacity: 2 * shape.count) { buffer, initialized in
        body(buffer.baseAddress)
        initialized = 2 * shape.count
      })
  }
}

extension UInt128 {
  var low: UInt64 { UInt64(truncatingIfNeeded: self) }
  var high: UInt64 { UInt64(truncatingIfNeeded: self >> 64) }
}
