import CKernels

/// Real numbers as words of Z/2⁶⁴: `x` becomes `round(x · 2^fractionBits)`, signed.
public struct FixedPoint: Hashable, Sendable {
  /// The counts of fraction bits there are; check what comes from a flag or a file against it.
  public static let fractionBitsRange = 0...32

  /// Bits behind the point.
  public let fractionBits: Int

  public init(fractionBits: Int) {
    precondition(
      Self.fractionBitsRange.contains(fractionBits), "fraction bits must lie in 0...32, but are \(fractionBits)")
    self.fractionBits = fractionBits
  }

  /// Magnitudes from here on, 2^(62 − fractionBits), are refused.
  public var limit: Double { Self.scaledLimit / scale }

  /// The nearest word, with ties to even.
  public func encode(_ value: Double) throws(EncodingError) -> UInt64 {
    let scaled = value * scale
    guard abs(scaled) < Self.scaledLimit else { throw misfit(value, at: nil) }
    return UInt64(bitPattern: Int64(scaled.rounded(.toNearestOrEven)))
  }

  /// The number that a word stands for, rounded to a `Double`.
  public func decode(_ word: UInt64) -> Double {
    Double(Int64(bitPattern: word)) / scale
  }

  /// The nearest word for each value; the error names the first value that has none.
  public func encode(_ values: [Float]) throws(EncodingError) -> [UInt64] {
    var fits = true
    let words = [UInt64](unsafeUninitializedCapacity: values.count) { buffer, initialized in
      fits = ck_f32_encode(values.count, values, scale, Self.scaledLimit, buffer.baseAddress)
      initialized = values.count
    }
    guard fits else { throw firstMisfit(in: values) }
    return words
  }

  /// The number that each word stands for, rounded to a `Float`.
  public func decode(_ words: [UInt64]) -> [Float] {
    [Float](unsafeUninitializedCapacity: words.count) { buffer, initialized in
      ck_f32_decode(words.count, words, Float(1 / scale), buffer.baseAddress)
      initialized = words.count
    }
  }

  /// 2⁶², so that a sum of two encoded values does not wrap.
  private static let scaledLimit = 0x1p62

  private var scale: Double { Double(UInt64(1) << UInt64(fractionBits)) }

  private func firstMisfit(in values: [Float]) -> EncodingError {
    let index = values.firstIndex { !(abs(Double($0) * scale) < Self.scaledLimit) } ?? 0
    return misfit(Double(values[index]), at: index)
  }

  private func misfit(_ value: Double, at index: Int?) -> EncodingError {
    value.isFinite ? .outOfRange(value: value, limit: limit, index: index) : .notFinite(value: value, index: index)
  }
}

extension FixedPoint {
  /// Why a number has no fixed-point form. It names the number, and is therefore for the eyes of its owner.
  public enum EncodingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The magnitude reaches the limit. `index` is the place in an array, if it was one.
    case outOfRange(value: Double, limit: Double, index: Int?)
    /// Not a number, or infinite.
    case notFinite(value: Double, index: Int?)

    public var description: String {
      switch self {
      case .outOfRange(let value, let limit, let index):
        "The value \(value)\(Self.place(index)) does not fit: magnitudes must stay below \(limit); "
          + "scale the data or use fewer fraction bits."
      case .notFinite(let value, let index):
        "The value \(value)\(Self.place(index)) has no fixed-point form; remove or replace what is not finite."
      }
    }

    private static func place(_ index: Int?) -> String {
      index.map { " at index \($0)" } ?? ""
    }
  }
}
