internal import Arithmetic
internal import NIOCore

/// Puts WebSocket frames together: one copy of the content into the frame, masked there where this end is a client.
struct FrameWriter {
  /// Clients mask (RFC 6455, section 5.1); under TLS it protects nothing more, and it costs 3 % of a transfer.
  let masks: Bool

  /// One whole frame; `fill` writes its content.
  func frame(
    _ kind: FrameKind, byteCount: Int, allocator: ByteBufferAllocator, fill: (UnsafeMutableRawBufferPointer) -> Void
  ) -> ByteBuffer {
    var buffer = allocator.buffer(capacity: byteCount + 14)
    buffer.writeInteger(0x80 | kind.rawValue)
    let maskBit: UInt8 = masks ? 0x80 : 0
    switch byteCount {
    case ...125: buffer.writeInteger(maskBit | UInt8(byteCount))
    case ...65535: buffer.writeMultipleIntegers(maskBit | 126, UInt16(byteCount))
    case _: buffer.writeMultipleIntegers(maskBit | 127, UInt64(byteCount))
    }
    var mask = Mask.none
    if masks {
      let key = SecureRandom.bytes(4)
      buffer.writeBytes(key)
      mask = Mask((key[0], key[1], key[2], key[3]))
    }
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { space in
      let content = UnsafeMutableRawBufferPointer(rebasing: space[..<byteCount])
      fill(content)
      if masks, let start = content.baseAddress { mask.apply(UnsafeRawBufferPointer(content), into: start) }
      return byteCount
    }
    return buffer
  }
}
