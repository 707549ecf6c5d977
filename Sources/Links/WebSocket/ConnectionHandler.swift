internal import NIOCore
internal import Transports

/// One connection after its upgrade: frames on one side, a link on the other. Everything happens on its event loop.
final class ConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// What follows from the peer's greeting.
  enum Greeting {
    case talk(WebSocketLink, answer: Hello?)
    case refuse(answer: Hello?)
  }

  /// The upgrade is over: only now does SwiftNIO let a dialling end write.
  struct Upgraded: Sendable {}

  /// Judges the peer's greeting and attaches the connection to its link.
  typealias Greeter = @Sendable ([UInt8], Carrier) -> Greeting

  private enum Stage {
    case greeting([UInt8])
    case talking(WebSocketLink)
    case over
  }

  /// Pieces sent before other connections of the same loop have their turn.
  private static let piecesPerTurn = 16

  private let isClient: Bool
  private let limits: LinkLimits
  private let opening: Hello?
  private let greet: Greeter
  private let writer: FrameWriter
  private var reader: PacketReader
  private var stage = Stage.greeting([])
  private var current = Prefix.Kind.hello
  private var carrier: Carrier?
  private var lastHeard = NIODeadline.now()
  private var heartbeat: RepeatedTask?
  /// What is to be handled. A write that fails makes SwiftNIO read what is left, from within the write: such bytes wait for
  /// those before them.
  private var arrivals: [ByteBuffer] = []
  private var isHandling = false

  /// A dialling end opens with `hello`; an accepting end waits for it.
  init(opening hello: Hello?, limits: LinkLimits, greet: @escaping Greeter) {
    opening = hello
    isClient = hello != nil
    self.limits = limits
    self.greet = greet
    writer = FrameWriter(masks: isClient)
    reader = PacketReader(expectsMask: !isClient, largestContent: 1 << 20)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let loop = context.eventLoop
    let bound = NIOLoopBound((self, context), eventLoop: loop)
    carrier = Carrier(channel: context.channel) {
      loop.execute {
        let (handler, context) = bound.value
        handler.pump(context)
      }
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is Upgraded, let opening { write(opening, context) }
    context.fireUserInboundEventTriggered(event)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastHeard = .now()
    arrivals.append(unwrapInboundIn(data))
    guard !isHandling else { return }
    isHandling = true
    while !arrivals.isEmpty { handle(arrivals.removeFirst(), context) }
    isHandling = false
    acknowledge(context)
  }

  private func handle(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
    buffer.withUnsafeReadableBytes { bytes in
      var rest = bytes
      do throws(LinkError) {
        while let event = try nextEvent(&rest) { try handle(event, context) }
      } catch {
        refuse(error, context)
      }
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { pump(context) }
    context.fireChannelWritabilityChanged()
  }

  // Broken TLS is a cut like others.
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func channelInactive(context: ChannelHandlerContext) {
    heartbeat?.cancel()
    if case .talking(let link) = stage, let carrier {
      stage = .over
      link.detach(carrier)
    }
    stage = .over
    // The carrier's closure holds this handler.
    carrier = nil
    context.fireChannelInactive()
  }

  private func nextEvent(_ bytes: inout UnsafeRawBufferPointer) throws(LinkError) -> PacketReader.Event? {
    if case .over = stage { return nil }
    do {
      return try reader.next(&bytes)
    } catch {
      throw .malformedFrame(from: peerName, reason: error.reason)
    }
  }

  private var peerName: String {
    if case .talking(let link) = stage { link.peer.name } else { "the peer" }
  }

  private func handle(_ event: PacketReader.Event, _ context: ChannelHandlerContext) throws(LinkError) {
    switch event {
    case .ping(let bytes): if context.channel.isWritable { writeControl(.pong, bytes, context) }
    case .pong(let bytes): notePong(bytes)
    case .close: context.close(promise: nil)
    case .begin(let prefix, let contentCount):
      current = prefix.kind
      try begin(prefix, contentCount)
    case .content(let bytes, let mask): take(bytes, mask)
    case .end: end(context)
    }
  }

  private func begin(_ prefix: Prefix, _ contentCount: Int) throws(LinkError) {
    guard let carrier else { return }
    switch (stage, prefix.kind) {
    case (.greeting, .hello):
      guard contentCount <= Hello.largest else {
        throw .malformedFrame(from: peerName, reason: "a greeting of \(contentCount) bytes")
      }
    case (.talking(let link), .acknowledgement):
      guard contentCount == 0 else { throw .malformedFrame(from: peerName, reason: "an acknowledgement that goes on") }
      try link.acknowledged(prefix, on: carrier)
    case (.talking(let link), .head), (.talking(let link), .rest), (.talking(let link), .farewell):
      try link.begin(prefix, contentCount: contentCount, on: carrier)
    case (.over, _): return
    case (.greeting, _), (.talking, .hello):
      throw .malformedFrame(from: peerName, reason: "a frame that has no place there")
    }
  }

  private func take(_ bytes: UnsafeRawBufferPointer, _ mask: Mask) {
    guard let carrier else { return }
    switch stage {
    case .greeting(var collected):
      var mask = mask
      collected += [UInt8](unsafeUninitializedCapacity: bytes.count) { space, count in
        if let start = UnsafeMutableRawPointer(space.baseAddress) { mask.apply(bytes, into: start) }
        count = bytes.count
      }
      stage = .greeting(collected)
    case .talking(let link): link.take(bytes, mask, on: carrier)
    case .over: break
    }
  }

  private func end(_ context: ChannelHandlerContext) {
    guard let carrier else { return }
    switch (stage, current) {
    case (.greeting(let bytes), _): begin(greet(bytes, carrier), context)
    case (.talking(let link), .farewell):
      link.end(on: carrier)
      writeAcknowledgement(of: link, evenIfEarly: true, context)
      stage = .over
      heartbeat?.cancel()
      link.fail(.closed(by: link.peer.name), keepingConnection: true)
      // The peer closes as soon as it has the acknowledgement.
      let channel = context.channel
      context.eventLoop.scheduleTask(in: TimeAmount(limits.farewell)) { channel.close(promise: nil) }
    case (.talking(let link), .head), (.talking(let link), .rest): link.end(on: carrier)
    case (.talking, .acknowledgement), (.talking, .hello), (.over, _): break
    }
  }

  private func begin(_ greeting: Greeting, _ context: ChannelHandlerContext) {
    switch greeting {
    case .talk(let link, let answer):
      stage = .talking(link)
      if let answer { write(answer, context) }
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      let interval = TimeAmount(limits.heartbeat)
      heartbeat = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
        let (handler, context) = bound.value
        handler.beat(context)
      }
      pump(context)
    case .refuse(let answer):
      stage = .over
      guard let answer else { return context.close(promise: nil) }
      // Closed once the answer has gone out.
      let channel = context.channel
      write(answer, context).whenComplete { _ in channel.close(promise: nil) }
    }
  }

  /// The peer broke the protocol: it is told why, and the link is over.
  private func refuse(_ error: LinkError, _ context: ChannelHandlerContext) {
    if case .talking(let link) = stage { link.fail(error, keepingConnection: true) }
    stage = .over
    // Close code 1002, protocol error.
    writeControl(.close, [0x03, 0xEA], context)
    context.close(promise: nil)
  }

  private func beat(_ context: ChannelHandlerContext) {
    guard case .talking(let link) = stage else { return }
    guard NIODeadline.now() - lastHeard < TimeAmount(limits.silence) else { return context.close(promise: nil) }
    let now = NIODeadline.now().uptimeNanoseconds
    writeControl(.ping, (0..<8).map { UInt8(truncatingIfNeeded: now >> (8 * $0)) }, context)
    writeAcknowledgement(of: link, evenIfEarly: true, context)
  }

  private func notePong(_ bytes: [UInt8]) {
    guard bytes.count == 8, case .talking(let link) = stage else { return }
    let sent = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let now = NIODeadline.now().uptimeNanoseconds
    guard sent <= now, now - sent < 3_600_000_000_000 else { return }
    link.note(roundTrip: .nanoseconds(Int64(now - sent)))
  }

  private func acknowledge(_ context: ChannelHandlerContext) {
    if case .talking(let link) = stage { writeAcknowledgement(of: link, evenIfEarly: false, context) }
    pump(context)
  }

  /// Sends what may be sent, as long as the socket takes it.
  private func pump(_ context: ChannelHandlerContext) {
    guard case .talking(let link) = stage, let carrier else { return }
    link.noteAwake(carrier)
    writeAcknowledgement(of: link, evenIfEarly: false, context)
    var unflushed = 0
    for _ in 0..<ConnectionHandler.piecesPerTurn {
      guard context.channel.isWritable, let piece = link.nextPiece(for: carrier) else {
        if unflushed > 0 { context.flush() }
        return
      }
      let byteCount = Prefix.byteCount + piece.content.count
      let frame = writer.frame(.binary, byteCount: byteCount, allocator: context.channel.allocator) {
        piece.write(to: $0)
      }
      context.write(wrapOutboundOut(frame), promise: nil)
      unflushed += byteCount
      if unflushed >= Outbox.pieceByteCount {
        context.flush()
        unflushed = 0
      }
    }
    context.flush()
    carrier.wake()
  }

  private func writeAcknowledgement(of link: WebSocketLink, evenIfEarly: Bool, _ context: ChannelHandlerContext) {
    guard let carrier, let prefix = link.acknowledgement(for: carrier, evenIfEarly: evenIfEarly) else { return }
    let frame = writer.frame(.binary, byteCount: Prefix.byteCount, allocator: context.channel.allocator) { space in
      if let start = space.baseAddress { prefix.write(to: start) }
    }
    context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
  }

  @discardableResult
  private func write(_ hello: Hello, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
    let text = hello.encoded()
    let prefix = Prefix(kind: .hello, headerCount: UInt32(text.count))
    let byteCount = Prefix.byteCount + text.count
    let frame = writer.frame(.binary, byteCount: byteCount, allocator: context.channel.allocator) { space in
      guard let start = space.baseAddress else { return }
      prefix.write(to: start)
      UnsafeMutableRawBufferPointer(rebasing: space[Prefix.byteCount...]).copyBytes(from: text)
    }
    return context.writeAndFlush(wrapOutboundOut(frame))
  }

  private func writeControl(_ kind: FrameKind, _ content: [UInt8], _ context: ChannelHandlerContext) {
    let frame = writer.frame(kind, byteCount: content.count, allocator: context.channel.allocator) {
      $0.copyBytes(from: content)
    }
    context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
  }
}
