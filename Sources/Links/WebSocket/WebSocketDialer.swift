internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
public import Transports

/// The dialling end: connects to a ``LinkServer``, and again whenever the connection is cut.
///
/// ```swift
/// let tls = try identity.tlsSettings(identity.policy(accepting: [.coordinator]))
/// let link = try await WebSocketDialer.connect(to: "wss://coordinator.example:8443", tls: tls, within: .seconds(60))
/// ```
public enum WebSocketDialer {
  /// Connects, and tries again within `patience` where nobody answers yet; a refusal is final.
  public static func connect(
    to address: String, tls: TLSSettings, limits: LinkLimits = LinkLimits(), software: LinkSoftware = LinkSoftware(),
    within patience: Duration = .seconds(10)
  ) async throws(LinkError) -> WebSocketLink {
    let dialling = Dialling(to: try LinkAddress(address), tls, limits, software)
    let result: Result<WebSocketLink, LinkError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        dialling.begin(until: .now() + TimeAmount(patience)) { continuation.resume(returning: $0) }
      }
    } onCancel: {
      dialling.cancel()
    }
    return try result.get()
  }
}

/// The connections of one session, one after the other.
final class Dialling: Sendable {
  typealias Outcome = Result<WebSocketLink, LinkError>

  private struct State {
    var isCancelled = false
    var channel: (any NIOCore.Channel)?
  }

  private let address: LinkAddress
  private let tls: TLSSettings
  private let limits: LinkLimits
  private let software: LinkSoftware
  private let session = Hello.newSession()
  private let loop = MultiThreadedEventLoopGroup.singleton.next()
  private let state = NIOLockedValueBox(State())

  init(to address: LinkAddress, _ tls: TLSSettings, _ limits: LinkLimits, _ software: LinkSoftware) {
    self.address = address
    self.tls = tls
    self.limits = limits
    self.software = software
  }

  /// Dials for the first time, and again until `deadline`.
  func begin(until deadline: NIODeadline, attempt: Int = 0, _ done: @escaping @Sendable (Outcome) -> Void) {
    dial(for: nil).whenComplete { result in
      switch result {
      case .success(let link) where self.isCancelled:
        link.fail(.closedHere)
        done(.failure(.cancelled(waitingFor: self.address.text)))
      case .success(let link): done(.success(link))
      case .failure(let error):
        let error = error as? LinkError ?? .unreachable(address: self.address.text, reason: "\(error)")
        if self.isCancelled { return done(.failure(.cancelled(waitingFor: self.address.text))) }
        let pause = Dialling.pause(before: attempt + 1)
        guard Dialling.mayHeal(error), .now() + pause < deadline else { return done(.failure(error)) }
        self.loop.scheduleTask(in: pause) { self.begin(until: deadline, attempt: attempt + 1, done) }
      }
    }
  }

  func cancel() {
    let channel = state.withLockedValue { state in
      state.isCancelled = true
      return state.channel
    }
    channel?.close(promise: nil)
  }

  private var isCancelled: Bool { state.withLockedValue { $0.isCancelled } }

  /// Dials for a link whose connection was cut, until it is attached again or over; its own timer ends it.
  private func redial(_ link: WebSocketLink, attempt: Int) {
    loop.scheduleTask(in: Dialling.pause(before: attempt)) {
      guard link.failure == nil else { return }
      self.dial(for: link).whenFailure { error in
        let error = error as? LinkError ?? .unreachable(address: self.address.text, reason: "\(error)")
        if Dialling.mayHeal(error) { self.redial(link, attempt: attempt + 1) } else { link.fail(error) }
      }
    }
  }

  /// One connection, up to the peer's greeting.
  private func dial(for link: WebSocketLink?) -> EventLoopFuture<WebSocketLink> {
    let doorkeeper = Doorkeeper(tls)
    let opened = loop.makePromise(of: WebSocketLink.self)
    let hello = link?.greeting(of: software, resumes: true) ?? firstHello
    ClientBootstrap(group: loop)
      .connectTimeout(TimeAmount(limits.opening))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.writeBufferWaterMark, value: .link)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          self.state.withLockedValue { $0.channel = channel }
          try doorkeeper.guardDoor(of: channel, isServer: false, within: self.limits.opening)
          channel.closeFuture.whenComplete { _ in
            opened.fail(doorkeeper.reason(nil, at: self.address.text))
            self.state.withLockedValue { $0.channel = nil }
          }
          let upgrade = try ClientUpgrader.configure(channel, address: self.address) {
            ConnectionHandler(opening: hello, limits: self.limits) { bytes, carrier in
              doorkeeper.noteOpen()
              return self.take(bytes, of: doorkeeper.peer, carrier, link, opened)
            }
          }
          upgrade.whenComplete { result in
            switch result {
            case .success: channel.pipeline.fireUserInboundEventTriggered(ConnectionHandler.Upgraded())
            case .failure(let error):
              if error is LinkError { opened.fail(error) }
              channel.close(promise: nil)
            }
          }
        }
      }
      .connect(host: address.host, port: address.port)
      .whenFailure { opened.fail(doorkeeper.reason($0, at: self.address.text)) }
    return opened.futureResult
  }

  private var firstHello: Hello { Hello(of: software, session: session, granted: WebSocketLink.window) }

  /// The server's answer: the link goes on, or begins.
  private func take(
    _ bytes: [UInt8], of peer: PeerIdentity?, _ carrier: Carrier, _ known: WebSocketLink?,
    _ opened: EventLoopPromise<WebSocketLink>
  ) -> ConnectionHandler.Greeting {
    do throws(LinkError) {
      let name = peer?.name ?? address.text
      let hello = try Hello.decode(bytes, from: name, here: software.version)
      if let reason = hello.refusal { throw LinkError.refused(by: name, reason: reason) }
      guard let peer, known == nil || known?.peer.fingerprint == peer.fingerprint else {
        throw LinkError.notTrusted(peer: name, reason: "its certificate is not the one it had before")
      }
      let link =
        known
        ?? WebSocketLink(to: peer, session: session, limits: limits, redial: { self.redial($0, attempt: 0) })
      try link.attach(carrier, hello)
      opened.succeed(link)
      return .talk(link, answer: nil)
    } catch {
      opened.fail(error)
      return .refuse(answer: nil)
    }
  }

  /// Whether another attempt may do better.
  private static func mayHeal(_ error: LinkError) -> Bool {
    switch error {
    case .unreachable, .lost: true
    case .closed, .closedHere, .cancelled, .timedOut, .oversizedMessage, .malformedFrame, .refused, .wrongVersion,
      .notTrusted, .badAddress:
      false
    }
  }

  /// Twice as long each time from 50 ms to 5 s, and by chance up to half less, so that workers do not come all at once.
  private static func pause(before attempt: Int) -> TimeAmount {
    let longest = min(5000, Int64(50) << Int64(min(attempt, 7)))
    var generator = SystemRandomNumberGenerator()
    return .milliseconds(Int64.random(in: longest / 2...longest, using: &generator))
  }
}
