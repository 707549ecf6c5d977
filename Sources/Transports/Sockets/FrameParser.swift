/// What is wrong with a frame.
package enum FrameFault: Error, Hashable {
  case oversized(byteCount: Int, limit: Int)
  case outOfStep(expected: UInt32, received: UInt32)
}

/// Cuts a stream of bytes into frames.
///
/// A frame is a header of eight bytes, little-endian, and a body: the byte count of the body as `UInt32`, then the
/// number of the frame in its direction, from 0, as `UInt32` that wraps round.
package struct FrameParser {
  package static let headerByteCount = 8
  /// What is set aside for an announced body before any of it has come.
  private static let trustedByteCount = 1 << 20

  private let limit: Int
  private var nextNumber: UInt32 = 0
  private var header: UInt64 = 0
  private var headerCount = 0
  private var body: Message = []
  private var bodyCount = 0

  /// A parser that refuses bodies longer than `limit`.
  package init(limit: Int) { self.limit = limit }

  /// A header; the word's bytes in memory order are its bytes on the wire.
  package static func header(byteCount: Int, number: UInt32) -> UInt64 {
    (UInt64(UInt32(truncatingIfNeeded: byteCount)) | UInt64(number) << 32).littleEndian
  }

  /// Takes in the next bytes of the stream and appends every body that they complete.
  package mutating func consume(_ bytes: UnsafeRawBufferPointer, into messages: inout [Message]) throws(FrameFault) {
    var rest = bytes[...]
    while !rest.isEmpty {
      if headerCount < FrameParser.headerByteCount {
        let count = min(FrameParser.headerByteCount - headerCount, rest.count)
        for byte in rest.prefix(count) {
          header |= UInt64(byte) << (8 * headerCount)
          headerCount += 1
        }
        rest = rest.dropFirst(count)
        guard headerCount == FrameParser.headerByteCount else { return }
        try startBody()
      }
      let count = min(bodyCount - body.count, rest.count)
      body.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
      rest = rest.dropFirst(count)
      guard body.count == bodyCount else { return }
      messages.append(body)
      body = []
      header = 0
      headerCount = 0
    }
  }

  private mutating func startBody() throws(FrameFault) {
    bodyCount = Int(header & 0xFFFF_FFFF)
    let number = UInt32(header >> 32)
    guard number == nextNumber else { throw .outOfStep(expected: nextNumber, received: number) }
    guard bodyCount <= limit else { throw .oversized(byteCount: bodyCount, limit: limit) }
    nextNumber &+= 1
    body.reserveCapacity(min(bodyCount, FrameParser.trustedByteCount))
  }
}
