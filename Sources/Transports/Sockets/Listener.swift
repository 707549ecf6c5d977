public import Logging

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A listening socket that does the handshakes of many connections at once and hands over those that succeed.
///
/// A client that is slow, hostile or not trusted costs nothing but its place among the handshakes; it is logged, and
/// the others do not notice: where the places run out, who has had one for a while and is still not done makes room.
///
/// `@unchecked Sendable`: the constants are Sendable, and every variable is touched on the loop's thread only.
public final class Listener: @unchecked Sendable {
  private struct Waiter {
    let number: UInt64
    let deadline: MonotonicTime?
    let continuation: UnsafeContinuation<Result<FrameConnection, ChannelError>, Never>
  }

  /// How many connections may be in their handshake, or wait to be accepted.
  private static let crowd = 256
  /// How long a handshake keeps its place when others wait for it.
  private static let patience = Duration.milliseconds(500)

  public let loop: SocketLoop
  /// The host and the port that are listened on; the real port where 0 was asked for.
  public let host: String
  public let port: Int
  private let protection: Protection
  private let limits: ConnectionLimits
  private let logger: Logger
  private let onRefusal: @Sendable () -> Void
  let descriptor: Int32
  private var isClosed = false
  private var handshakeCount = 0
  /// Connections in their handshake, the oldest first, and until when they keep their places.
  private var handshakes = Queue<(connection: FrameConnection, end: MonotonicTime)>()
  private var arrived = Queue<FrameConnection>()
  private var waiters = Queue<Waiter>()
  private var lastNumber: UInt64 = 0
  /// Set while the system has no descriptors to give.
  private var pauseEnd: MonotonicTime?

  /// Listens on `host` and `port`; port 0 takes any free one.
  ///
  /// - Parameter onRefusal: told of each connection that does not get beyond its handshake.
  public static func open(
    on loop: SocketLoop, host: String, port: Int, protection: Protection,
    limits: ConnectionLimits = ConnectionLimits(), logger: Logger, onRefusal: @escaping @Sendable () -> Void = {}
  ) async throws(ChannelError) -> Listener {
    try await loop.onThread { () throws(ChannelError) in
      let address = try NetworkAddress(host: host, port: port)
      guard let descriptor = Socket.listening(on: address) else {
        throw .badAddress(joined(host: host, port: port), reason: Socket.describe(errno: errno))
      }
      let actualPort = Socket.localAddress(descriptor)?.hostAndPort?.port ?? port
      let listener = Listener(descriptor, loop, host, actualPort, protection, limits, logger, onRefusal)
      loop.add(listener)
      return listener
    }
  }

  private init(
    _ descriptor: Int32, _ loop: SocketLoop, _ host: String, _ port: Int, _ protection: Protection,
    _ limits: ConnectionLimits, _ logger: Logger, _ onRefusal: @escaping @Sendable () -> Void
  ) {
    self.descriptor = descriptor
    self.loop = loop
    self.host = host
    self.port = port
    self.protection = protection
    self.limits = limits
    self.logger = logger
    self.onRefusal = onRefusal
  }

  /// The next connection whose handshake has succeeded. Without `patience` it waits until there is one or the listener
  /// is closed: the one wait without a deadline, as nobody need ever call.
  public func accept(within patience: Duration? = nil) async throws(ChannelError) -> FrameConnection {
    try await loop.onThread { () async throws(ChannelError) in
      if let connection = self.arrived.popFirst() { return connection }
      if self.isClosed { throw .closedHere }
      let result = await self.wait(until: patience.map { .now + $0 })
      do throws(ChannelError) {
        return try result.get()
      } catch {
        guard case .timedOut(let name, _) = error, let patience else { throw error }
        throw .timedOut(waitingFor: name, after: patience)
      }
    }
  }

  /// Stops listening; connections that were accepted live on.
  public func close() async {
    try? await loop.onThread { () throws(ChannelError) in self.loopStops() }
  }

  // MARK: On the loop's thread

  private func wait(until deadline: MonotonicTime?) async -> Result<FrameConnection, ChannelError> {
    lastNumber += 1
    let number = lastNumber
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        waiters.append(Waiter(number: number, deadline: deadline, continuation: continuation))
        if Task.isCancelled { cancel(number) }
      }
    } onCancel: {
      loop.post { self.cancel(number) }
    }
  }

  private func cancel(_ number: UInt64) {
    let waiter = waiters.removeFirst { $0.number == number }
    waiter?.continuation.resume(returning: .failure(.cancelled(waitingFor: callers)))
  }

  /// How errors call those who have not come.
  private var callers: PeerName { PeerName(address: "any address, calling \(joined(host: host, port: port))") }

  private func shakeHands(_ descriptor: Int32, from address: String) {
    handshakeCount += 1
    Task(executorPreference: loop) {
      do throws(ChannelError) {
        self.admit(try await self.established(descriptor, from: address))
      } catch {
        self.logger.notice("refused a connection", metadata: ["address": "\(address)", "reason": "\(error)"])
        self.onRefusal()
      }
      self.handshakeCount -= 1
    }
  }

  /// Whether there is a place for another handshake; the slowest makes room where it has had its time.
  private func makeRoom() -> Bool {
    guard isCrowded else { return true }
    guard let oldest = handshakes.first, oldest.end <= .now else { return false }
    _ = handshakes.popFirst()
    oldest.connection.fail(.timedOut(waitingFor: oldest.connection.name, after: Self.patience))
    return true
  }

  private var isCrowded: Bool { handshakes.count + arrived.count >= Listener.crowd }

  private func established(
    _ descriptor: Int32, from address: String
  ) async throws(ChannelError) -> FrameConnection {
    let connection = try FrameConnection(
      descriptor: descriptor, address: address, name: PeerName(address: address), isServer: true,
      protection: protection, limits: limits, loop: loop)
    handshakes.append((connection, .now + Self.patience))
    defer { _ = handshakes.removeFirst { $0.connection === connection } }
    try await connection.establish()
    return connection
  }

  private func admit(_ connection: FrameConnection) {
    if isClosed {
      connection.fail(.closedHere)
    } else if let waiter = waiters.popFirst() {
      waiter.continuation.resume(returning: .success(connection))
    } else {
      arrived.append(connection)
    }
  }
}

extension Listener: PollSource {
  var interest: Int16 {
    (!isCrowded || handshakes.first.map { $0.end <= .now } ?? false) && pauseEnd == nil ? Poller.readable : 0
  }

  var nextDeadline: MonotonicTime? {
    // When the oldest handshake has had its time, there is room again.
    let room = isCrowded ? handshakes.first.map { max($0.end, .now + .milliseconds(1)) } : nil
    return (waiters.contents.compactMap(\.deadline) + [pauseEnd, room].compactMap { $0 }).min()
  }

  func ready(_ events: Int16) {
    while makeRoom(), handshakeCount < 2 * Listener.crowd {
      let (progress, address) = Socket.acceptNext(descriptor)
      switch progress {
      case .done(let accepted): shakeHands(Int32(accepted), from: address.map { "\($0)" } ?? "an unknown address")
      case .wouldBlock: return
      case .failed(ECONNABORTED): continue
      case .failed(let number):
        logger.warning("cannot accept connections for now", metadata: ["reason": "\(Socket.describe(errno: number))"])
        pauseEnd = .now + .milliseconds(100)
        return
      }
    }
  }

  func expire(at now: MonotonicTime) {
    if let end = pauseEnd, end <= now { pauseEnd = nil }
    while let waiter = waiters.removeFirst(where: { waiter in waiter.deadline.map { $0 <= now } ?? false }) {
      waiter.continuation.resume(returning: .failure(.timedOut(waitingFor: callers, after: .zero)))
    }
  }

  func loopStops() {
    guard !isClosed else { return }
    isClosed = true
    loop.remove(self)
    Socket.closeKeepingErrno(descriptor)
    while let waiter = waiters.popFirst() { waiter.continuation.resume(returning: .failure(.closedHere)) }
    while let connection = arrived.popFirst() { connection.fail(.closedHere) }
  }
}
