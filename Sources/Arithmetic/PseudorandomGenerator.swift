/// A stream of words that only holders of its key can tell from random ones: AES-128 in counter mode.
///
/// The block at counter `(high, low)` is AES of 16 bytes, `high` before `low`, both big-endian; a word is eight bytes of the
/// stream, little-endian. A fill counts `low` up, wrapping, by one for every two words; an odd count drops half a block.
/// Two fills of one key must never share a counter unless they mean the same values.
///
/// - Source: NIST SP 800-38A, section 6.5.
public struct PseudorandomGenerator: Sendable {
  public static let keyByteCount = 16

  let stream: any KeyStream

  /// A generator by the processor's AES instructions, or by the library where there are none: the bytes are the same.
  public init(key: [UInt8]) {
    self.init(key: key, backend: InstructionKeyStream.isAvailable ? .instructions : .library)
  }

  /// A generator by a given implementation, so that tests can compare the two.
  package init(key: [UInt8], backend: Backend) {
    precondition(key.count == Self.keyByteCount, "a key has 16 bytes, not \(key.count)")
    switch backend {
    case .instructions: stream = InstructionKeyStream(key: key)
    case .library: stream = LibraryKeyStream(key: key)
    }
  }

  /// Overwrites `out` with the stream from the given counter on.
  public func fill(_ out: UnsafeMutableBufferPointer<UInt64>, counterHigh: UInt64, counterLow: UInt64) {
    stream.fill(out, counterHigh: counterHigh, counterLow: counterLow)
  }

  /// The first `count` words of the stream from the given counter on.
  public func words(count: Int, counterHigh: UInt64, counterLow: UInt64) -> [UInt64] {
    [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
      fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]), counterHigh: counterHigh, counterLow: counterLow)
      initialized = count
    }
  }
}

extension PseudorandomGenerator {
  /// Who computes AES.
  package enum Backend: Sendable, CaseIterable {
    case instructions, library
  }
}

extension PseudorandomGenerator: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "‹pseudorandom generator›" }
  public var debugDescription: String { description }
  /// Empty, which keeps `dump` and debuggers away from the key.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A keyed stream; see ``PseudorandomGenerator`` for its bytes.
protocol KeyStream: Sendable {
  func fill(_ out: UnsafeMutableBufferPointer<UInt64>, counterHigh: UInt64, counterLow: UInt64)
  func accumulate(
    into words: UnsafeMutableBufferPointer<UInt32>, negated: Bool, counterHigh: UInt64, counterLow: UInt64)
  func accumulate(
    into words: UnsafeMutableBufferPointer<UInt64>, negated: Bool, counterHigh: UInt64, counterLow: UInt64)
}
