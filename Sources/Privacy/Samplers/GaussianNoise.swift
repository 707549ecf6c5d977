import Arithmetic
import CKernels

/// Normal noise rounded to whole numbers, in bulk: round(2^bits · N(0, 1)).
///
/// Rounding is done after the noise is drawn, so that whatever is proved of continuous Gaussian noise on whole numbers holds:
/// the result is a function of it. The fast path decides in integers and in constant time; candidates that it leaves undecided
/// (about one in 2^42) are decided here with 126 more bits. What is given up is a statistical distance below 2^-110 a number.
public struct GaussianNoise: Sendable {
  /// The standard deviation is 2^bits steps of the grid.
  public let bits: Int

  /// `bits` in 4...26.
  public init(bits: Int) throws(MechanismError) {
    guard (4...26).contains(bits) else {
      throw .invalid(what: "the noise's bits", given: "\(bits)", expected: "4...26")
    }
    self.bits = bits
  }

  private static let candidatesAtATime = 4096

  /// `count` numbers under a fresh key that nobody keeps.
  public func draws(_ count: Int) -> [Int32] {
    var key = SecureRandom.bytes(PseudorandomGenerator.keyByteCount)
    let source = Source(generator: PseudorandomGenerator(key: key), place: 0, isKept: false)
    key.withUnsafeMutableBytes { ck_zero($0.baseAddress, $0.count) }
    return [Int32](unsafeUninitializedCapacity: count + Self.candidatesAtATime) { buffer, initialized in
      fill(buffer, count: count, from: source)
      initialized = count
    }
  }

  /// `count` numbers of a key that is kept, the same whenever they are drawn: for noise that may have to be added again.
  ///
  /// - Parameter place: which numbers of the key, below 2⁶³; no two draws of one key may share a place.
  package func draws(_ count: Int, key: [UInt8], place: UInt64) -> [Int32] {
    let source = Source(generator: PseudorandomGenerator(key: key), place: place, isKept: true)
    return [Int32](unsafeUninitializedCapacity: count + Self.candidatesAtATime) { buffer, initialized in
      fill(buffer, count: count, from: source)
      initialized = count
    }
  }

  /// Where random words come from.
  private struct Source {
    let generator: PseudorandomGenerator
    let place: UInt64
    /// Whether further bits of candidates in doubt come from the same key.
    let isKept: Bool

    /// The words of candidates.
    func fill(_ words: UnsafeMutableBufferPointer<UInt64>, at counter: UInt64) {
      generator.fill(words, counterHigh: place << 1, counterLow: counter)
    }

    /// Three more words for the candidate at a place.
    func more(at candidate: UInt64) -> [UInt64] {
      guard isKept else { return SecureRandom.words(3) }
      return generator.words(count: 3, counterHigh: place << 1 | 1, counterLow: 2 * candidate)
    }
  }

  /// Writes `count` numbers; the buffer has room for 4096 more, which are overwritten with discarded candidates and zeroed.
  private func fill(_ out: UnsafeMutableBufferPointer<Int32>, count: Int, from source: Source) {
    let size = Self.candidatesAtATime
    out.initialize(repeating: 0)
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 3 * size) { random in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: size) { doubtful in
        random.initialize(repeating: 0)
        doubtful.initialize(repeating: 0)
        var (done, pass) = (0, UInt64(0))
        while done < count {
          source.fill(random, at: pass * UInt64(3 * size / 2))
          var doubts = 0
          done += ck_gaussian_candidates(
            size, UInt32(bits), random.baseAddress, out.baseAddress.map { $0 + done }, doubtful.baseAddress, &doubts)
          for index in doubtful.prefix(doubts) where done < count {
            let more = source.more(at: pass * UInt64(size) + UInt64(index))
            guard let value = decided(random[index], random[size + index], random[2 * size + index], more) else {
              continue
            }
            out[done] = value
            done += 1
          }
          pass += 1
        }
        ck_zero(random.baseAddress, 3 * size * MemoryLayout<UInt64>.size)
      }
    }
    ck_zero(out.baseAddress.map { $0 + count }, size * MemoryLayout<Int32>.size)
  }

  /// What a candidate of these words becomes when it is looked at with more bits; nil if it is rejected.
  package func decided(
    _ first: UInt64, _ second: UInt64, _ third: UInt64, _ more: [UInt64] = SecureRandom.words(3)
  ) -> Int32? {
    let word = UInt128(first) << 64 | UInt128(more[0])
    let cell = (0..<Int(CK_GAUSSIAN_CELLS)).filter { word >= Self.bound($0) }.count
    let place = UInt128(second >> 1) << 65 | UInt128(more[1]) << 1
    let coin = UInt128(third) << 64 | UInt128(more[2])
    guard coin < FixedPointExponential.acceptance(cell: cell, place: place) else { return nil }
    let halves = Int32((second >> UInt64(64 - bits)) + 1)
    let size = Int32(cell) << Int32(bits - 1) + halves >> 1
    return second & 1 == 1 ? -size : size
  }

  private static func bound(_ index: Int) -> UInt128 {
    let (high, low) = (ck_gaussian_bound_high(index), ck_gaussian_bound_low(index))
    return UInt128(high) << 64 | UInt128(low)
  }
}

/// e^−x in 128-bit fixed point.
enum FixedPointExponential {
  /// 2^128 · e^(−v(2y + v)/8) for v = place / 2^128, within 2^8.
  static func acceptance(cell: Int, place: UInt128) -> UInt128 {
    // (2y + v) / 64 as a fraction of 2^128, y being at most 27.
    let sum = UInt128(cell) << 123 + place >> 6
    // v(2y + v)/8 = 8 · product.
    let product = sum.multipliedFullWidth(by: place).high
    // e^−8x = (e^−x)^8, x below 7/8.
    var power = negative(product)
    for _ in 0..<3 { power = power.multipliedFullWidth(by: power).high }
    return power
  }

  /// 2^128 · e^−x for x = exponent / 2^128, saturated below 2^128: 1 − x(1 − x/2(1 − x/3(…))).
  private static func negative(_ exponent: UInt128) -> UInt128 {
    var value = UInt128.max
    for index in stride(from: UInt128(40), to: 0, by: -1) {
      value = UInt128.max - exponent.multipliedFullWidth(by: value).high / index
    }
    return value
  }
}
