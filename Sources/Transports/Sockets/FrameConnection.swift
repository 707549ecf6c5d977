internal import NIOCore

/// How much a connection accepts, and for how long it waits.
public struct ConnectionLimits: Hashable, Sendable {
  /// The longest message that is sent or accepted, in bytes; at most 2³² − 1.
  public var messageByteCount: Int
  /// How long the handshake of TLS and the greeting may take.
  public var handshake: Duration

  public init(messageByteCount: Int = 1 << 30, handshake: Duration = .seconds(10)) {
    self.messageByteCount = min(messageByteCount, Int(UInt32.max))
    self.handshake = handshake
  }
}

/// A connection of length-prefixed, numbered frames over TCP, protected by TLS 1.3.
///
/// It belongs to one ``SocketLoop``, whose thread does all its reading, writing and encrypting, within the calls of
/// tasks on that thread or while they wait. What the socket does not take at once is written while anybody waits for
/// anything, so two ends that both send first cannot block each other. Each end first sends a greeting frame, so that a
/// connection counts as made only when the peer has accepted this end's certificate.
///
/// `@unchecked Sendable`: the constants are Sendable, and every variable is touched on the loop's thread only. The
/// public functions go there with `loop.onThread`, the rest is called by the loop.
public final class FrameConnection: @unchecked Sendable {
  struct Waiter {
    let number: UInt64
    let deadline: MonotonicTime
    let patience: Duration
    /// Whoever takes a waiter out of the queue resumes it: so exactly once, as all are on one thread.
    let continuation: UnsafeContinuation<Result<Message, ChannelError>, Never>
  }

  static let greeting: Message = Array("tacit frames 1".utf8)

  /// The loop this connection lives on.
  public let loop: SocketLoop
  /// The other end's address, as `host:port`.
  public let address: String
  /// This end's certificate, by its SHA-256; empty without TLS.
  public let ownFingerprint: [UInt8]
  let limits: ConnectionLimits

  /// The socket; −1 once closed.
  private(set) var descriptor: Int32
  var name: PeerName
  private var tls: TLSPipe?
  private var isInsidePipe = false
  private var parser: FrameParser
  private var writer = FrameWriter()
  /// What is encrypted and not yet taken by the socket.
  private var wire = Queue<ByteBuffer>()
  private var reader = SocketReader()
  var inbox = Queue<Message>()
  private var inboxByteCount = 0
  private var arrivals: [Message] = []
  var waiters = Queue<Waiter>()
  private var lastNumber: UInt64 = 0
  private(set) var failure: ChannelError?
  private var breakHandler: (@Sendable () -> Void)?
  private var isEstablished = false
  /// Who the peer is; set once the handshake is over.
  private(set) var identity: PeerIdentity?

  /// Takes over a connected socket. On the loop's thread.
  init(
    descriptor: Int32, address: String, name: PeerName, isServer: Bool, protection: Protection,
    limits: ConnectionLimits, loop: SocketLoop
  ) throws(ChannelError) {
    self.descriptor = descriptor
    self.address = address
    self.name = name
    self.limits = limits
    self.loop = loop
    ownFingerprint = protection.fingerprint
    parser = FrameParser(limit: limits.messageByteCount)
    if case .tls(let settings) = protection {
      tls = try TLSPipe(settings: settings, isServer: isServer, owner: self)
    }
    loop.add(self)
  }

  // MARK: For everybody

  /// Who the peer has proved to be; `nil` without TLS.
  public var peer: PeerIdentity? {
    get async { try? await loop.onThread { () throws(ChannelError) in self.identity } }
  }

  /// Queues a message; returns once it is queued, not once it has left.
  public func send(_ message: Message) async throws(ChannelError) {
    try await loop.onThread { () throws(ChannelError) in
      try self.queue(message)
      self.pump()
    }
  }

  /// The next message; breaks the connection when none comes within `patience`.
  public func receive(within patience: Duration) async throws(ChannelError) -> Message {
    try await loop.onThread { () async throws(ChannelError) in try await self.next(within: patience) }
  }

  /// Sends what is queued, for as long as `patience` allows, says goodbye and closes.
  public func close(within patience: Duration = .seconds(2)) async {
    try? await loop.onThread { () async throws(ChannelError) in
      let end = MonotonicTime.now + patience
      self.pump()
      while self.failure == nil, self.hasOutput, .now < end {
        try? await Task.sleep(for: .milliseconds(1))
        self.pump()
      }
      self.fail(.closedHere)
    }
  }

  /// Has `body` called once the connection is broken or closed: at once, if it is already.
  public func whenBroken(_ body: @escaping @Sendable () -> Void) async {
    try? await loop.onThread { () throws(ChannelError) in
      if self.failure == nil { self.breakHandler = body } else { body() }
    }
  }

  /// Whether the connection is broken or closed.
  public var isBroken: Bool {
    get async { (try? await loop.onThread { () throws(ChannelError) in self.failure != nil }) ?? true }
  }

  /// Sets how errors call the peer.
  func rename(_ name: PeerName) async throws(ChannelError) {
    try await loop.onThread { () throws(ChannelError) in self.name = name }
  }

  // MARK: On the loop's thread

  private var hasOutput: Bool { !wire.isEmpty || !writer.isEmpty }

  /// Does the handshake and exchanges greetings.
  func establish() async throws(ChannelError) {
    writer.append(FrameConnection.greeting)
    callPipe { $0.start() }
    pump()
    guard try await next(within: limits.handshake) == FrameConnection.greeting else {
      throw fail(.malformedFrame(from: name, reason: "it does not greet as this version of Tacit does"))
    }
  }

  func queue(_ message: Message) throws(ChannelError) {
    if let failure { throw failure }
    guard message.count <= limits.messageByteCount else {
      throw fail(.oversizedMessage(from: name, byteCount: message.count, limit: limits.messageByteCount))
    }
    writer.append(message)
  }

  /// Writes what the socket takes.
  func pump() {
    while failure == nil {
      guard flushWire(), isEstablished || tls == nil || !greetingIsOut, let chunk = writer.nextChunk() else { return }
      greetingIsOut = true
      if tls == nil { wire.append(chunk) } else { callPipe { $0.write(chunk) } }
    }
  }

  /// Nothing but the greeting is handed to TLS before the handshake is over.
  private var greetingIsOut = false

  /// Hands over what is encrypted; whether the socket took it all.
  private func flushWire() -> Bool {
    while var buffer = wire.popFirst() {
      switch buffer.withUnsafeReadableBytes({ Socket.send(descriptor, $0) }) {
      case .done(let count) where count == buffer.readableBytes: continue
      case .done(let count):
        buffer.moveReaderIndex(forwardBy: count)
        wire.prepend(buffer)
      case .wouldBlock:
        wire.prepend(buffer)
        return false
      case .failed:
        // What the peer said last can still be read, and may hold the reason.
        while readSome() {}
        fail(.closed(by: name))
        return false
      }
    }
    return true
  }

  /// The next message, waiting for it if need be.
  func next(within patience: Duration) async throws(ChannelError) -> Message {
    if inbox.isEmpty, waiters.isEmpty { loop.spin(until: look) }
    if let message = popMessage() { return message }
    if let failure { throw failure }
    lastNumber += 1
    let number = lastNumber
    let deadline = MonotonicTime.now + patience
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        waiters.append(Waiter(number: number, deadline: deadline, patience: patience, continuation: continuation))
        // A cancellation from before the registration found nothing to cancel.
        if Task.isCancelled { cancel(number) }
      }
    } onCancel: {
      loop.post { self.cancel(number) }
    }
    return try result.get()
  }

  /// Serves the socket; whether there is something to tell whoever waits.
  private func look() -> Bool {
    if failure == nil { ready(Poller.readable) }
    return !inbox.isEmpty || failure != nil
  }

  private func cancel(_ number: UInt64) {
    guard waiters.contents.contains(where: { $0.number == number }) else { return }
    fail(.cancelled(waitingFor: name))
  }

  private func popMessage() -> Message? {
    guard let message = inbox.popFirst() else { return nil }
    inboxByteCount -= message.count
    return message
  }

  /// Breaks the connection unless it is broken; the first reason stays and is returned.
  @discardableResult
  func fail(_ error: ChannelError) -> ChannelError {
    if let failure { return failure }
    failure = error
    // Goodbye goes out if the socket takes it at once: a broken connection waits for nobody. What TLS is just working
    // on must not be taken from under it.
    if isInsidePipe { loop.post { self.releasePipe() } } else { releasePipe() }
    _ = flushGoodbye()
    Socket.finishSending(descriptor)
    loop.remove(self)
    Socket.closeKeepingErrno(descriptor)
    descriptor = -1
    while let waiter = waiters.popFirst() { waiter.continuation.resume(returning: .failure(error)) }
    breakHandler?()
    breakHandler = nil
    return error
  }

  private func callPipe(_ body: (TLSPipe) -> Void) {
    guard let tls else { return }
    isInsidePipe = true
    body(tls)
    isInsidePipe = false
  }

  /// The embedded channel may be freed on the loop's thread only, whoever lets go of the connection last.
  private func releasePipe() {
    tls?.finish()
    tls = nil
  }

  private func flushGoodbye() -> Bool {
    while let buffer = wire.popFirst() {
      guard case .done(buffer.readableBytes) = buffer.withUnsafeReadableBytes({ Socket.send(descriptor, $0) }) else {
        return false
      }
    }
    return true
  }

  private func deliver(_ plaintext: UnsafeRawBufferPointer) {
    do throws(FrameFault) {
      try parser.consume(plaintext, into: &arrivals)
    } catch {
      switch error {
      case .oversized(let byteCount, let limit):
        fail(.oversizedMessage(from: name, byteCount: byteCount, limit: limit))
      case .outOfStep(let expected, let received):
        fail(.outOfStep(with: name, expected: expected, received: received))
      }
      return
    }
    guard !arrivals.isEmpty else { return }
    noteEstablished()
    for message in arrivals {
      if let waiter = waiters.popFirst() {
        waiter.continuation.resume(returning: .success(message))
      } else {
        inbox.append(message)
        inboxByteCount += message.count
      }
    }
    arrivals.removeAll(keepingCapacity: true)
  }

  /// Plaintext proves that the handshake is over, the peer's certificate included.
  private func noteEstablished() {
    guard !isEstablished else { return }
    isEstablished = true
    tls?.noteEstablished()
    identity = tls?.peer
  }

  /// Takes in what has come; whether there may be more.
  private func readSome() -> Bool {
    // Bounded, so that one busy peer does not keep the loop from the others.
    for _ in 0..<16 where failure == nil {
      switch reader.read(from: descriptor, isTLS: tls != nil) {
      case .data(let buffer, let isAll):
        if tls == nil { buffer.withUnsafeReadableBytes(deliver) } else { callPipe { $0.receive(buffer) } }
        if isAll { return false }
      case .nothing: return false
      case .end:
        fail(.closed(by: name))
        return false
      }
    }
    return failure == nil
  }
}

extension FrameConnection: PollSource {
  /// What may lie unread before the connection stops reading: room for a longest message and then some.
  private var inboxLimit: Int { limits.messageByteCount + (64 << 20) }

  var interest: Int16 {
    let wantsMore = !waiters.isEmpty || inboxByteCount < inboxLimit
    return (wantsMore ? Poller.readable : 0) | (hasOutput && mayWrite ? Poller.writable : 0)
  }

  private var mayWrite: Bool { !wire.isEmpty || isEstablished || tls == nil }

  var nextDeadline: MonotonicTime? {
    waiters.count < 2 ? waiters.first?.deadline : waiters.contents.map(\.deadline).min()
  }

  func ready(_ events: Int16) {
    if events & Poller.readable != 0 { _ = readSome() }
    if failure == nil { pump() }
  }

  func expire(at now: MonotonicTime) {
    guard let late = waiters.contents.first(where: { $0.deadline <= now }) else { return }
    fail(.timedOut(waitingFor: name, after: late.patience))
  }

  func loopStops() { fail(.closedHere) }
}

extension FrameConnection: TLSPipeOwner {
  func pipeDecrypted(_ plaintext: ByteBuffer) { plaintext.withUnsafeReadableBytes(deliver) }

  func pipeEncrypted(_ ciphertext: ByteBuffer) { wire.append(ciphertext) }

  func pipeFailed(_ error: ChannelError) {
    // TLS does not know whom it talks to.
    switch error {
    case .closed: fail(.closed(by: name))
    case .notTrusted(_, let reason): fail(.notTrusted(peer: name, reason: reason))
    case .tlsFailed(_, let reason): fail(.tlsFailed(with: name, reason: reason))
    default: fail(error)
    }
  }
}
