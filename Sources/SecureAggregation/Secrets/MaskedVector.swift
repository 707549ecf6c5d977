package import Arithmetic
import CKernels

/// A vector modulo 2^w to which masks are added in place: words of 4 bytes up to w = 32, else of 8.
package struct MaskedVector: Sendable {
  private enum Words: Sendable {
    case narrow([UInt32])
    case wide([UInt64])
  }

  /// A mask and the sign with which it enters.
  package struct Mask: Sendable {
    let stream: PseudorandomGenerator
    let isNegative: Bool

    package init(stream: PseudorandomGenerator, isNegative: Bool) {
      self.stream = stream
      self.isNegative = isNegative
    }
  }

  /// Words to which all masks are added before the next ones are touched: they stay in the nearest caches.
  private static let wordsPerPiece = 16_384

  let bits: Int
  let count: Int
  private var words: Words

  /// Zeros.
  package init(count: Int, bits: Int) {
    self.bits = bits
    self.count = count
    words = bits <= 32 ? .narrow(Array(repeating: 0, count: count)) : .wide(Array(repeating: 0, count: count))
  }

  package init(_ values: [UInt32], bits: Int) {
    self.bits = bits
    count = values.count
    words = bits <= 32 ? .narrow(values) : .wide(values.map(UInt64.init))
  }

  /// Values below 2^w.
  package init(_ values: [UInt64], bits: Int) {
    self.bits = bits
    count = values.count
    words = bits <= 32 ? .narrow(values.map { UInt32(truncatingIfNeeded: $0) }) : .wide(values)
  }

  /// ⌈count·w/8⌉
  package var byteCount: Int { (count * bits + 7) / 8 }

  package mutating func add(_ masks: [Mask]) {
    switch words {
    case .narrow(var array):
      words = .narrow([])
      array.withUnsafeMutableBufferPointer { Self.add(masks, to: $0) }
      words = .narrow(array)
    case .wide(var array):
      words = .wide([])
      array.withUnsafeMutableBufferPointer { Self.add(masks, to: $0) }
      words = .wide(array)
    }
  }

  /// Adds a packed vector of ``byteCount`` bytes.
  package mutating func add(packed row: ArraySlice<UInt8>) {
    precondition(row.count == byteCount)
    row.withUnsafeBufferPointer { row in
      switch words {
      case .narrow(var array):
        words = .narrow([])
        array.withUnsafeMutableBufferPointer { ck_unpack_add32(count, UInt32(bits), row.baseAddress, $0.baseAddress) }
        words = .narrow(array)
      case .wide(var array):
        words = .wide([])
        array.withUnsafeMutableBufferPointer { ck_unpack_add64(count, UInt32(bits), row.baseAddress, $0.baseAddress) }
        words = .wide(array)
      }
    }
  }

  /// The w low bits of each word, without gaps, little-endian, after the given beginning.
  package func packed(after head: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: head.count + byteCount) { buffer, initialized in
      _ = buffer.initialize(fromContentsOf: head)
      let out = buffer.baseAddress.map { $0 + head.count }
      switch words {
      case .narrow(let array): ck_pack32(count, UInt32(bits), array, out)
      case .wide(let array): ck_pack64(count, UInt32(bits), array, out)
      }
      initialized = head.count + byteCount
    }
  }

  /// The values, below 2^w.
  package var values: [UInt64] {
    let mask = UInt64.max >> UInt64(64 - bits)
    return switch words {
    case .narrow(let array): array.map { UInt64($0) & mask }
    case .wide(let array): array.map { $0 & mask }
    }
  }

  private static func add(_ masks: [Mask], to words: UnsafeMutableBufferPointer<UInt32>) {
    for start in stride(from: 0, to: words.count, by: wordsPerPiece) {
      let piece = UnsafeMutableBufferPointer(rebasing: words[start..<min(start + wordsPerPiece, words.count)])
      for mask in masks {
        mask.stream.accumulate(into: piece, negated: mask.isNegative, counterLow: UInt64(start / 4))
      }
    }
  }

  private static func add(_ masks: [Mask], to words: UnsafeMutableBufferPointer<UInt64>) {
    for start in stride(from: 0, to: words.count, by: wordsPerPiece) {
      let piece = UnsafeMutableBufferPointer(rebasing: words[start..<min(start + wordsPerPiece, words.count)])
      for mask in masks {
        mask.stream.accumulate(into: piece, negated: mask.isNegative, counterLow: UInt64(start / 2))
      }
    }
  }
}
