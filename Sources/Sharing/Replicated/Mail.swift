import CKernels
import Transports

/// The bits a small-ring word takes on the wire.
enum WireWidth: Int, Sendable {
  case bits16 = 16
  case bits24 = 24
  case bits32 = 32
  case bits64 = 64

  var byteCount: Int { rawValue / 8 }

  /// The smallest ring in which a truncation by `bits` can be done.
  static func truncating(by bits: Int) -> WireWidth { bits <= 16 ? .bits16 : bits <= 24 ? .bits24 : .bits32 }
}

/// A message being written: little-endian words, narrowed words and packed bits, one after the other.
struct Outbox {
  private(set) var message: Message = []

  init() {}

  init(_ message: Message) { self.message = message }

  mutating func reserve(_ byteCount: Int) { message.reserveCapacity(message.count + byteCount) }

  mutating func append(_ words: [UInt64], width: WireWidth = .bits64) {
    words.withUnsafeBufferPointer { append($0, width: width) }
  }

  mutating func append(_ words: UnsafeBufferPointer<UInt64>, width: WireWidth = .bits64) {
    guard let base = words.baseAddress else { return }
    switch width {
    case .bits64: message.append(contentsOf: UnsafeRawBufferPointer(words))
    case .bits16: appendBytes(words.count * 2) { ck_narrow16(words.count, base, $0) }
    case .bits24: appendBytes(words.count * 3) { ck_narrow24(words.count, base, $0) }
    case .bits32: appendBytes(words.count * 4) { ck_narrow32(words.count, base, $0) }
    }
  }

  /// The first `bitCount` bits of a plane, in whole bytes.
  mutating func append(plane: UnsafePointer<UInt64>, bitCount: Int) {
    message.append(contentsOf: UnsafeRawBufferPointer(start: plane, count: (bitCount + 7) / 8))
  }

  private mutating func appendBytes(_ count: Int, _ write: (UnsafeMutableRawPointer) -> Void) {
    withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { buffer in
      guard let base = buffer.baseAddress else { return }
      write(base)
      message.append(contentsOf: UnsafeRawBufferPointer(buffer))
    }
  }
}

/// A message being read; its length was checked on arrival.
struct Inbox {
  private let message: ArraySlice<UInt8>
  private var offset = 0

  init(_ message: Message) { self.message = message[...] }
  init(_ message: ArraySlice<UInt8>) { self.message = message }

  mutating func words(_ count: Int, width: WireWidth = .bits64) -> [UInt64] {
    let start = offset
    offset += count * width.byteCount
    return [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = count
      guard count > 0, let target = buffer.baseAddress else { return }
      message.withUnsafeBytes { bytes in
        guard let source = bytes.baseAddress?.advanced(by: start) else { return }
        switch width {
        case .bits64: UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: count * 8)
        case .bits16: ck_widen16(count, source, target)
        case .bits24: ck_widen24(count, source, target)
        case .bits32: ck_widen32(count, source, target)
        }
      }
    }
  }

  /// Lends so many bytes where they lie.
  mutating func withBytes(_ count: Int, _ body: (UnsafeRawPointer) -> Void) {
    defer { offset += count }
    message.withUnsafeBytes { bytes in
      guard count > 0, let base = bytes.baseAddress else { return }
      body(base + offset)
    }
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    defer { offset += count }
    return Array(message.dropFirst(offset).prefix(count))
  }

  /// Reads a plane of `bitCount` bits into whole words; bits past the end become zero.
  mutating func plane(_ bitCount: Int, into target: UnsafeMutablePointer<UInt64>) {
    let byteCount = (bitCount + 7) / 8
    let wordCount = (bitCount + 63) / 64
    guard wordCount > 0 else { return }
    target[wordCount - 1] = 0
    message.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress?.advanced(by: offset) else { return }
      UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: byteCount)
    }
    let tail = bitCount % 64
    if tail != 0 { target[wordCount - 1] &= (1 << UInt64(tail)) - 1 }
    offset += byteCount
  }
}

extension UInt64 {
  /// Little-endian.
  var bytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (8 * UInt64($0))) } }

  /// - Precondition: eight bytes.
  init(bytes: some Sequence<UInt8>) {
    self = bytes.enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
  }
}
