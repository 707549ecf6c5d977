#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension SocketLoop {
  /// Connects to a listening peer, trying again until one answers or `patience` has run out.
  ///
  /// Returns once both ends have accepted each other's certificates. A peer that answers and is refused, or refuses, is
  /// not tried again. `party` is how errors call the peer.
  public func connect(
    host: String, port: Int, party: PartyID? = nil, protection: Protection,
    limits: ConnectionLimits = ConnectionLimits(), within patience: Duration
  ) async throws(ChannelError) -> FrameConnection {
    try await onThread { () async throws(ChannelError) in
      let text = joined(host: host, port: port)
      let name = PeerName(party: party, address: text)
      let end = MonotonicTime.now + patience
      var pause = Duration.milliseconds(10)
      while true {
        let address = try NetworkAddress(host: host, port: port)
        if let descriptor = await Dial.connect(to: address, on: self, until: end) {
          let connection = try FrameConnection(
            descriptor: descriptor, address: text, name: name, isServer: false, protection: protection,
            limits: limits, loop: self)
          try await connection.establish()
          return connection
        }
        guard !Task.isCancelled else { throw .cancelled(waitingFor: name) }
        let left = end.remaining(from: .now)
        guard left > .zero else { throw .unreachable(peer: name, address: text, after: patience) }
        try? await Task.sleep(for: min(pause, left))
        pause = min(pause * 2, .milliseconds(500))
      }
    }
  }
}

/// One attempt to connect. On the loop's thread, like everything a ``PollSource`` does; the handler of cancellations
/// only posts to the loop, which is why the annotation holds.
private final class Dial: PollSource, @unchecked Sendable {
  let descriptor: Int32
  let interest = Poller.writable
  let nextDeadline: MonotonicTime?
  private let loop: SocketLoop
  private var continuation: UnsafeContinuation<Bool, Never>?

  private init(_ descriptor: Int32, _ loop: SocketLoop, _ deadline: MonotonicTime) {
    self.descriptor = descriptor
    self.loop = loop
    nextDeadline = deadline
  }

  /// A connected socket, or `nil` where nobody answered.
  static func connect(to address: NetworkAddress, on loop: SocketLoop, until deadline: MonotonicTime) async -> Int32? {
    guard let descriptor = Socket.startConnecting(to: address) else { return nil }
    let dial = Dial(descriptor, loop, deadline)
    let isConnected = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        dial.continuation = continuation
        loop.add(dial)
        if Task.isCancelled { dial.finish(false) }
      }
    } onCancel: {
      loop.post { dial.finish(false) }
    }
    if isConnected { return descriptor }
    close(descriptor)
    return nil
  }

  private func finish(_ isConnected: Bool) {
    loop.remove(self)
    continuation?.resume(returning: isConnected)
    continuation = nil
  }

  func ready(_ events: Int16) { finish(Socket.connectionError(descriptor) == 0) }
  func expire(at now: MonotonicTime) { if let nextDeadline, nextDeadline <= now { finish(false) } }
  func loopStops() { finish(false) }
}
