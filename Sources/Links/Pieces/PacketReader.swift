/// Sorts what a ``FrameReader`` finds: heartbeats, and packets behind their ``Prefix``.
struct PacketReader {
  enum Event {
    case ping([UInt8])
    case pong([UInt8])
    case close
    case begin(Prefix, contentCount: Int)
    case content(UnsafeRawBufferPointer, Mask)
    case end
  }

  private enum Place {
    case between
    case control(FrameKind)
    case prefix(contentCount: Int)
    case content
  }

  private var frames: FrameReader
  private var place = Place.between
  private var collected: [UInt8] = []

  init(expectsMask: Bool, largestContent: Int) {
    frames = FrameReader(expectsMask: expectsMask, largestFrame: largestContent + Prefix.byteCount)
  }

  /// The next event in `bytes`, which loses what was read; `nil` where more must come first.
  mutating func next(_ bytes: inout UnsafeRawBufferPointer) throws(FrameFault) -> Event? {
    while true {
      var portion = Int.max
      if case .prefix = place { portion = Prefix.byteCount - collected.count }
      guard let event = try frames.next(&bytes, largestPortion: portion) else { return nil }
      switch event {
      case .begin(let kind, let byteCount): try begin(kind, byteCount)
      case .content(let piece, let mask): if let event = try take(piece, mask) { return event }
      case .end: return finish()
      }
    }
  }

  private mutating func begin(_ kind: FrameKind, _ byteCount: Int) throws(FrameFault) {
    collected.removeAll(keepingCapacity: true)
    guard !kind.isControl else {
      place = .control(kind)
      return
    }
    guard byteCount >= Prefix.byteCount else { throw FrameFault("a frame of only \(byteCount) bytes") }
    place = .prefix(contentCount: byteCount - Prefix.byteCount)
  }

  private mutating func take(_ piece: UnsafeRawBufferPointer, _ mask: Mask) throws(FrameFault) -> Event? {
    if case .content = place { return .content(piece, mask) }
    var mask = mask
    collected += [UInt8](unsafeUninitializedCapacity: piece.count) { space, count in
      if let start = UnsafeMutableRawPointer(space.baseAddress) { mask.apply(piece, into: start) }
      count = piece.count
    }
    guard case .prefix(let contentCount) = place, collected.count == Prefix.byteCount else { return nil }
    place = .content
    return .begin(try Prefix(collected), contentCount: contentCount)
  }

  private mutating func finish() -> Event {
    defer { place = .between }
    return switch place {
    case .control(.ping): .ping(collected)
    case .control(.pong): .pong(collected)
    case .control(.close), .control(.binary): .close
    case .between, .prefix, .content: .end
    }
  }
}
