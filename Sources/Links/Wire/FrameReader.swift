/// Why bytes are no frame that this protocol uses, as one clause.
struct FrameFault: Error, Hashable {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

/// The kinds of frames in use (RFC 6455, section 5.2). Fragments and text are refused.
enum FrameKind: UInt8 {
  case binary = 2
  case close = 8
  case ping = 9
  case pong = 10

  var isControl: Bool { rawValue >= 8 }
}

/// Takes a stream of WebSocket frames apart as it comes, without collecting anything but headers.
///
/// SwiftNIO's own decoder gathers whole frames and unmasks them byte by byte; a body would be moved four times instead
/// of once.
struct FrameReader {
  enum Event {
    case begin(FrameKind, byteCount: Int)
    /// The next bytes of the frame, still masked; valid until the next call.
    case content(UnsafeRawBufferPointer, Mask)
    case end
  }

  private enum State {
    case header
    case content(rest: Int)
  }

  /// Clients mask, servers do not.
  let expectsMask: Bool
  let largestFrame: Int
  private var state = State.header
  private var header: [UInt8] = []
  private var mask = Mask.none

  init(expectsMask: Bool, largestFrame: Int) {
    self.expectsMask = expectsMask
    self.largestFrame = largestFrame
    header.reserveCapacity(14)
  }

  /// The next event in `bytes`, which loses what was read; `nil` where more must come first.
  ///
  /// Content comes in portions of at most `largestPortion` bytes.
  mutating func next(
    _ bytes: inout UnsafeRawBufferPointer, largestPortion: Int = .max
  ) throws(FrameFault) -> Event? {
    switch state {
    case .header:
      guard let (kind, byteCount) = try readHeader(&bytes) else { return nil }
      state = .content(rest: byteCount)
      return .begin(kind, byteCount: byteCount)
    case .content(rest: 0):
      state = .header
      return .end
    case .content(let rest):
      let count = min(rest, bytes.count, largestPortion)
      guard count > 0 else { return nil }
      let piece = UnsafeRawBufferPointer(rebasing: bytes[..<count])
      bytes = UnsafeRawBufferPointer(rebasing: bytes[count...])
      state = .content(rest: rest - count)
      let here = mask
      mask.skip(count)
      return .content(piece, here)
    }
  }

  private mutating func readHeader(
    _ bytes: inout UnsafeRawBufferPointer
  ) throws(FrameFault) -> (FrameKind, byteCount: Int)? {
    while true {
      if header.count >= 2, header.count == headerByteCount { break }
      guard let byte = bytes.first else { return nil }
      bytes = UnsafeRawBufferPointer(rebasing: bytes[1...])
      header.append(byte)
      if header.count == 2 { try checkStart() }
    }
    let kind = FrameKind(rawValue: header[0] & 15)
    let byteCount = try contentByteCount()
    if expectsMask {
      let key = header.suffix(4)
      mask = Mask((key[key.startIndex], key[key.startIndex + 1], key[key.startIndex + 2], key[key.startIndex + 3]))
    }
    header.removeAll(keepingCapacity: true)
    guard let kind else { throw FrameFault("a frame of an unknown kind") }
    let limit = kind.isControl ? 125 : largestFrame
    guard byteCount <= limit else {
      throw FrameFault("a frame of \(byteCount) bytes where \(limit) are the most")
    }
    return (kind, byteCount)
  }

  private var headerByteCount: Int {
    let length =
      switch header[1] & 127 {
      case 126: 2
      case 127: 8
      case _: 0
      }
    return 2 + length + (expectsMask ? 4 : 0)
  }

  private func checkStart() throws(FrameFault) {
    guard header[0] & 0x70 == 0 else { throw FrameFault("a frame with reserved bits set") }
    switch header[0] & 15 {
    case 0: throw FrameFault("a fragment where whole frames are required")
    case 1: throw FrameFault("a text frame where binary ones are required")
    case let number:
      guard FrameKind(rawValue: number) != nil else { throw FrameFault("a frame of the unknown kind \(number)") }
    }
    guard header[0] & 0x80 != 0 else { throw FrameFault("a fragment where whole frames are required") }
    guard (header[1] & 0x80 != 0) == expectsMask else {
      throw FrameFault(expectsMask ? "a frame without a mask, which a client must use" : "a masked frame from a server")
    }
  }

  private func contentByteCount() throws(FrameFault) -> Int {
    let short = Int(header[1] & 127)
    guard short >= 126 else { return short }
    let digits = header[2..<(short == 126 ? 4 : 10)]
    let long = digits.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard long > (short == 126 ? 125 : 65535) else { throw FrameFault("a length in a longer form than it needs") }
    return Int(clamping: long)
  }
}
