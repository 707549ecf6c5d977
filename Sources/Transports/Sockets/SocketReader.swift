internal import NIOCore

/// Reads a socket into a buffer that is used again and grows with the traffic.
struct SocketReader {
  enum Outcome {
    /// `isAll` where the socket had no more than this.
    case data(ByteBuffer, isAll: Bool)
    case nothing
    /// The peer has closed, or the connection is broken.
    case end
  }

  private static let recordHeaderByteCount = 5
  private static let longestRecord = recordHeaderByteCount + (16 << 10) + 256
  private static let smallest = 2 * longestRecord
  private static let largest = 4 * longestRecord

  private var buffer = ByteBuffer()
  private var capacity = smallest

  /// Reads once. For TLS only whole records are handed on, so that the library need not keep, and copy, the rest.
  mutating func read(from descriptor: Int32, isTLS: Bool) -> Outcome {
    if buffer.readableBytes == 0 { buffer.clear(minimumCapacity: capacity) } else { makeRoom() }
    var progress = Socket.Progress.wouldBlock
    var room = 0
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 1) { bytes in
      room = bytes.count
      progress = Socket.receive(descriptor, into: bytes)
      if case .done(let count) = progress { return count }
      return 0
    }
    switch progress {
    case .wouldBlock: return .nothing
    case .failed, .done(0): return .end
    case .done(let count):
      let isAll = count < room
      if !isAll { capacity = min(2 * capacity, SocketReader.largest) }
      let usable = isTLS ? wholeRecordsByteCount : buffer.readableBytes
      guard usable > 0, let data = buffer.readSlice(length: usable) else {
        return isAll ? .nothing : .data(ByteBuffer(), isAll: false)
      }
      return .data(data, isAll: isAll)
    }
  }

  /// Moves the beginning of a record to the front.
  private mutating func makeRoom() {
    let rest = buffer
    buffer = ByteBufferAllocator().buffer(capacity: max(capacity, rest.readableBytes + SocketReader.longestRecord))
    buffer.writeImmutableBuffer(rest)
  }

  /// How many of the readable bytes are whole TLS records; all of them if they are no records at all.
  private var wholeRecordsByteCount: Int {
    let available = buffer.readableBytes
    var end = 0
    while end + SocketReader.recordHeaderByteCount <= available {
      let lengthIndex = buffer.readerIndex + end + 3
      guard let length = buffer.getInteger(at: lengthIndex, as: UInt16.self) else { break }
      let next = end + SocketReader.recordHeaderByteCount + Int(length)
      // Let TLS say what is wrong with it.
      if next - end > SocketReader.longestRecord { return available }
      if next > available { break }
      end = next
    }
    return end
  }
}
