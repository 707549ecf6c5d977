/// Puts messages together from their pieces, where a piece may be cut off and come again.
///
/// A body is written into the array that is handed out. An eighth of it, or ``firstGrant`` where that is more, is set
/// aside at once and the rest when that has come, so that who announces much and sends little costs nothing; the move
/// needs no more memory than the whole body will.
struct Assembler {
  private struct Partial {
    var header: [UInt8] = []
    var body: LinkBody
    let headerCount: Int
    let bodyCount: Int
    /// Bytes of header and body in whole pieces.
    var arrived = 0

    var rest: Int { headerCount + bodyCount - arrived }
  }

  static let firstGrant = 64 << 20

  let peer: String
  let largestBody: Int
  /// How many pieces have come whole.
  private(set) var received: UInt64 = 0
  /// How many pieces may come all together.
  var granted: UInt64
  private var partial: Partial?
  /// Of the piece that is coming.
  private var contentCount = 0
  private var contentArrived = 0

  init(peer: String, largestBody: Int, granted: UInt64) {
    self.peer = peer
    self.largestBody = largestBody
    self.granted = granted
  }

  /// The connection was cut: what came of the last piece will come again.
  mutating func dropPiece() {
    // Nothing of the message has come whole: it begins anew.
    if let partial, partial.arrived == 0 { self.partial = nil }
    contentCount = 0
    contentArrived = 0
  }

  /// A piece begins.
  mutating func begin(_ prefix: Prefix, contentCount: Int) throws(LinkError) {
    guard prefix.number == received else {
      throw malformed("piece \(prefix.number) where \(received) was due")
    }
    self.contentCount = contentCount
    contentArrived = 0
    guard prefix.kind != .farewell else {
      guard contentCount == 0, partial == nil else { throw malformed("a farewell in the middle of a message") }
      return
    }
    guard prefix.number < granted else { throw malformed("a piece that was not asked for yet") }
    if prefix.kind == .head { try start(prefix) }
    guard let partial else { throw malformed("a further piece of no message") }
    guard contentCount <= partial.rest, contentCount > 0 || partial.rest == 0 else {
      throw malformed("a piece of \(contentCount) bytes where \(partial.rest) are missing")
    }
  }

  private mutating func start(_ prefix: Prefix) throws(LinkError) {
    guard partial == nil else { throw malformed("a new message in the middle of another") }
    let headerCount = Int(prefix.headerCount)
    guard headerCount <= LinkMessage.largestHeader else {
      throw .oversizedMessage(peer: peer, byteCount: headerCount, limit: LinkMessage.largestHeader)
    }
    guard prefix.count <= UInt64(largestBody) else {
      throw .oversizedMessage(peer: peer, byteCount: Int(clamping: prefix.count), limit: largestBody)
    }
    let bodyCount = Int(prefix.count)
    let stride = prefix.bodyKind.strideByteCount
    guard bodyCount % stride == 0, prefix.bodyKind != .none || bodyCount == 0 else {
      throw malformed("a body of \(bodyCount) bytes, which its kind cannot have")
    }
    partial = Partial(
      body: LinkBody(unset: prefix.bodyKind, byteCount: Assembler.grant(for: bodyCount)),
      headerCount: headerCount, bodyCount: bodyCount)
  }

  /// Bytes of the piece, still masked.
  mutating func take(_ bytes: UnsafeRawBufferPointer, _ mask: Mask) {
    guard var partial else { return }
    self.partial = nil
    var (bytes, mask) = (bytes, mask)
    let place = partial.arrived + contentArrived
    contentArrived += bytes.count
    if place < partial.headerCount {
      let count = min(bytes.count, partial.headerCount - place)
      // What came of a piece that was cut off is overwritten.
      partial.header.removeSubrange(min(place, partial.header.count)...)
      partial.header += [UInt8](unsafeUninitializedCapacity: count) { space, written in
        if let start = UnsafeMutableRawPointer(space.baseAddress) {
          mask.copy(UnsafeRawBufferPointer(rebasing: bytes[..<count]), to: start)
        }
        written = count
      }
      bytes = UnsafeRawBufferPointer(rebasing: bytes[count...])
    }
    if !bytes.isEmpty {
      let offset = max(0, place - partial.headerCount)
      Assembler.makeRoom(for: offset + bytes.count, of: partial.bodyCount, in: &partial.body)
      partial.body.withMutableBytes { space in
        if let start = space.baseAddress { mask.copy(bytes, to: start + offset) }
      }
    }
    self.partial = partial
  }

  /// The piece is whole; the message where it was the last.
  mutating func end() -> LinkMessage? {
    received += 1
    guard var partial else { return nil }
    partial.arrived += contentCount
    guard partial.rest == 0 else {
      self.partial = partial
      return nil
    }
    self.partial = nil
    return LinkMessage(header: partial.header, body: partial.body)
  }

  private static func grant(for byteCount: Int) -> Int {
    // Whole scalars of eight bytes.
    min(byteCount, max(firstGrant, byteCount / 64 * 8))
  }

  private static func makeRoom(for byteCount: Int, of total: Int, in body: inout LinkBody) {
    guard byteCount > body.byteCount else { return }
    var larger = LinkBody(unset: body.kind, byteCount: total)
    body.withBytes { old in larger.withMutableBytes { $0.copyMemory(from: old) } }
    body = larger
  }

  private func malformed(_ reason: String) -> LinkError { .malformedFrame(from: peer, reason: reason) }
}
