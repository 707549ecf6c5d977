/// Takes apart what a peer says on one connection, as the connection would, where there is none: for invented bytes.
package struct ReceivedStream {
  private let peer = "the peer"
  private var reader: PacketReader
  private var assembler: Assembler
  /// Until it has come whole.
  private var greeting: [UInt8]? = []

  package init(fromClient: Bool, largestBody: Int) {
    reader = PacketReader(expectsMask: fromClient, largestContent: 1 << 20)
    assembler = Assembler(peer: peer, largestBody: largestBody, granted: .max)
  }

  /// The messages that the next bytes complete.
  package mutating func take(_ bytes: UnsafeRawBufferPointer) throws -> [LinkMessage] {
    var rest = bytes
    var messages: [LinkMessage] = []
    while let event = try reader.next(&rest) {
      if greeting != nil { try greet(event) } else if let message = try handle(event) { messages.append(message) }
    }
    return messages
  }

  private mutating func greet(_ event: PacketReader.Event) throws {
    switch event {
    case .ping, .pong, .close: break
    case .begin(let prefix, let contentCount):
      guard prefix.kind == .hello, contentCount <= Hello.largest else { throw FrameFault("no greeting") }
    case .content(let bytes, var mask):
      var content = [UInt8](repeating: 0, count: bytes.count)
      content.withUnsafeMutableBytes { space in if let start = space.baseAddress { mask.apply(bytes, into: start) } }
      greeting? += content
    case .end:
      _ = try Hello.decode(greeting ?? [], from: peer, here: Hello.currentVersion)
      greeting = nil
    }
  }

  private mutating func handle(_ event: PacketReader.Event) throws -> LinkMessage? {
    switch event {
    case .ping, .pong, .close: break
    case .begin(let prefix, let contentCount):
      guard prefix.kind != .hello, prefix.kind != .acknowledgement else { throw FrameFault("of no message") }
      try assembler.begin(prefix, contentCount: contentCount)
    case .content(let bytes, let mask): assembler.take(bytes, mask)
    case .end: return assembler.end()
    }
    return nil
  }
}
