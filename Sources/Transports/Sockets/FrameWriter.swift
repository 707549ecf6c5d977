internal import NIOCore

/// Messages on their way out, cut into chunks that are encrypted only when the socket can take them.
struct FrameWriter {
  /// Small enough to stay in a core's cache on its way through encryption and the socket.
  static let chunkByteCount = (64 << 10) + FrameParser.headerByteCount

  private var messages = Queue<Message>()
  /// How much of the first message's frame has left, header included.
  private var offset = 0
  private var nextNumber: UInt32 = 0
  private var chunk = ByteBuffer()

  var isEmpty: Bool { messages.isEmpty }

  mutating func append(_ message: Message) { messages.append(message) }

  /// The next bytes of the stream: many small frames or a part of a large one.
  mutating func nextChunk() -> ByteBuffer? {
    guard !messages.isEmpty else { return nil }
    chunk.clear()
    while let message = messages.first, chunk.readableBytes < FrameWriter.chunkByteCount {
      if offset == 0 {
        let header = FrameParser.header(byteCount: message.count, number: nextNumber)
        chunk.reserveCapacity(min(message.count + FrameParser.headerByteCount, FrameWriter.chunkByteCount))
        withUnsafeBytes(of: header) { _ = chunk.writeBytes($0) }
        offset = FrameParser.headerByteCount
      }
      let start = offset - FrameParser.headerByteCount
      let count = max(0, min(message.count - start, FrameWriter.chunkByteCount - chunk.readableBytes))
      message.withUnsafeBytes { _ = chunk.writeBytes(UnsafeRawBufferPointer(rebasing: $0[start..<start + count])) }
      offset += count
      guard start + count == message.count else { break }
      _ = messages.popFirst()
      offset = 0
      nextNumber &+= 1
    }
    return chunk
  }
}
