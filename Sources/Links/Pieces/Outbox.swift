/// A piece on its way: what its frame says first, and which bytes of which message follow.
struct OutgoingPiece {
  let prefix: Prefix
  let message: LinkMessage
  /// Of header and body, one after the other.
  let content: Range<Int>

  /// Writes prefix and content.
  func write(to target: UnsafeMutableRawBufferPointer) {
    guard let start = target.baseAddress else { return }
    prefix.write(to: start)
    let headerCount = message.header.count
    let ofHeader = content.clamped(to: 0..<headerCount)
    var place = start + Prefix.byteCount
    message.header.withUnsafeBytes { header in
      if !ofHeader.isEmpty, let source = header.baseAddress {
        place.copyMemory(from: source + ofHeader.lowerBound, byteCount: ofHeader.count)
      }
    }
    place += ofHeader.count
    let ofBody = max(content.lowerBound, headerCount)..<max(content.upperBound, headerCount)
    message.body.withBytes { body in
      if !ofBody.isEmpty, let source = body.baseAddress {
        place.copyMemory(from: source + (ofBody.lowerBound - headerCount), byteCount: ofBody.count)
      }
    }
  }
}

/// Messages on their way, kept until the peer has them: cut into numbered pieces, which go on where the peer says.
struct Outbox {
  typealias Waiter = CheckedContinuation<LinkError?, Never>

  private struct Entry {
    let id: UInt64
    let message: LinkMessage
    let isFarewell: Bool
    /// The number of its first piece, once it has been begun.
    var first: UInt64?
    /// Whoever waits until its last piece has been taken.
    var waiter: Waiter?
    /// Whether all its pieces have been sent once.
    var wasTaken = false

    var byteCount: Int { message.byteCount }
    var pieceCount: UInt64 { UInt64(max(1, (byteCount + Outbox.pieceByteCount - 1) / Outbox.pieceByteCount)) }
  }

  /// Bytes of header and body in a piece. Larger ones are no faster, and are more to send again after a cut.
  static let pieceByteCount = 256 << 10
  /// How many bytes may wait for the connection without making their sender wait.
  private static let freeByteCount = 4 * pieceByteCount

  private var entries: [Entry] = []
  /// The entry that ``next`` belongs to, or the first that has not been begun.
  private var current = 0
  private var next: UInt64 = 0
  /// One more than the highest piece ever sent.
  private var farthest: UInt64 = 0
  /// Bytes of messages of which not all pieces have been taken.
  private var pendingByteCount = 0
  private(set) var acknowledged: UInt64 = 0
  private(set) var granted: UInt64 = 0
  private(set) var traffic = LinkTraffic()

  var isEmpty: Bool { entries.isEmpty }

  /// Whether the sender of a message need not wait.
  func hasRoom(for message: LinkMessage) -> Bool { pendingByteCount + message.byteCount <= Outbox.freeByteCount }

  /// Takes a message; where much is waiting already, `waiter` is resumed once its last piece has been taken.
  mutating func add(_ message: LinkMessage, id: UInt64, waiter: Waiter?, isFarewell: Bool = false) {
    let mustWait = !hasRoom(for: message)
    pendingByteCount += message.byteCount
    entries.append(
      Entry(id: id, message: message, isFarewell: isFarewell, first: nil, waiter: mustWait ? waiter : nil))
    if !mustWait { waiter?.resume(returning: nil) }
  }

  /// Lets the waiter of a message go; the message too, where it has not been begun.
  mutating func abandon(id: UInt64) -> Waiter? {
    guard let index = entries.firstIndex(where: { $0.id == id }), let waiter = entries[index].waiter else { return nil }
    entries[index].waiter = nil
    if entries[index].first == nil {
      pendingByteCount -= entries[index].byteCount
      entries.remove(at: index)
    }
    return waiter
  }

  /// All who wait, when nothing more will be sent.
  mutating func removeAll() -> [Waiter] {
    defer {
      entries.removeAll()
      current = 0
      pendingByteCount = 0
    }
    return entries.compactMap(\.waiter)
  }

  /// The next piece that the peer has asked for.
  mutating func nextPiece() -> OutgoingPiece? {
    guard current < entries.count else { return nil }
    guard next < granted || entries[current].isFarewell else { return nil }
    let first = entries[current].first ?? next
    entries[current].first = first
    let entry = entries[current]
    let start = Int(next - first) * Outbox.pieceByteCount
    let content = start..<min(entry.byteCount, start + Outbox.pieceByteCount)
    let piece = OutgoingPiece(prefix: prefix(of: entry, content), message: entry.message, content: content)
    count(content.count)
    next += 1
    if next == first + entry.pieceCount { finishCurrent() }
    return piece
  }

  /// The peer has `received` pieces and may be sent `granted`; `false` where that cannot be.
  mutating func acknowledge(received: UInt64, granted: UInt64) -> Bool {
    guard received >= acknowledged, received <= next else { return false }
    acknowledged = received
    self.granted = max(self.granted, granted)
    dropReceived()
    return true
  }

  /// A new connection: the peer has `received` pieces, and the next one is sent again where it must.
  mutating func resume(received: UInt64, granted: UInt64) -> Bool {
    guard received >= acknowledged, received <= farthest else { return false }
    acknowledged = received
    self.granted = max(self.granted, granted)
    next = received
    dropReceived()
    // Whatever was taken and has not arrived is taken again.
    current = 0
    return true
  }

  private mutating func dropReceived() {
    let count = entries.prefix { entry in entry.first.map { $0 + entry.pieceCount <= acknowledged } ?? false }.count
    guard count > 0 else { return }
    entries.removeFirst(count)
    current = max(0, current - count)
  }

  /// The last piece of a message has been taken, perhaps not for the first time.
  private mutating func finishCurrent() {
    if !entries[current].wasTaken {
      entries[current].wasTaken = true
      pendingByteCount -= entries[current].byteCount
      if !entries[current].isFarewell { traffic.messagesSent += 1 }
      entries[current].waiter?.resume(returning: nil)
      entries[current].waiter = nil
    }
    current += 1
  }

  private mutating func count(_ byteCount: Int) {
    traffic.bytesSent += byteCount
    if next < farthest { traffic.bytesResent += byteCount }
    farthest = max(farthest, next + 1)
  }

  private func prefix(of entry: Entry, _ content: Range<Int>) -> Prefix {
    guard !entry.isFarewell else { return Prefix(kind: .farewell, number: next) }
    guard content.lowerBound == 0 else { return Prefix(kind: .rest, number: next) }
    return Prefix(
      kind: .head, bodyKind: entry.message.body.kind, headerCount: UInt32(entry.message.header.count), number: next,
      count: UInt64(entry.message.body.byteCount))
  }
}
