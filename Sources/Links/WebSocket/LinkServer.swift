public import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
public import Transports

/// The accepting end: listens, lets in whom its ``TLSSettings`` accept, and hands out their links.
///
/// ```swift
/// let tls = try identity.tlsSettings(identity.policy(accepting: [.worker]))
/// let server = try await LinkServer.start(listen: "0.0.0.0:8443", tls: tls)
/// for await link in server.links { workers.add(link) }
/// ```
///
/// A link whose connection is cut is kept for ``LinkLimits/healing``: a new connection that names its session and shows
/// the same certificate takes over. Connections share half as many threads as there are cores.
public final class LinkServer: Sendable {
  private struct State {
    var sessions: [String: WebSocketLink] = [:]
    var opening: [ObjectIdentifier: any NIOCore.Channel] = [:]
    var isShutDown = false
  }

  /// What drives the connections of all servers of this process, with their TLS: half as many threads as there are cores. Whoever
  /// answers them needs the others, and threads that wake each other for every message cost more than a small message.
  private static let loops = MultiThreadedEventLoopGroup(numberOfThreads: max(1, System.coreCount / 2))

  /// Where it listens; the port that was found where 0 was asked for.
  public let host: String
  public let port: Int
  /// The links of new peers, each once, for one loop.
  public let links: AsyncStream<WebSocketLink>

  private let newLinks: AsyncStream<WebSocketLink>.Continuation
  private let tls: TLSSettings
  private let limits: LinkLimits
  private let software: LinkSoftware
  private let logger: Logger
  private let onRefusal: @Sendable (LinkError) -> Void
  private let state = NIOLockedValueBox(State())
  private let listener = NIOLockedValueBox<(any NIOCore.Channel)?>(nil)

  /// Listens at `host:port` (or `wss://host:port`); port 0 finds a free one.
  ///
  /// `onRefusal` is told of every caller that did not become a link, and why.
  public static func start(
    listen text: String, tls: TLSSettings, limits: LinkLimits = LinkLimits(), software: LinkSoftware = LinkSoftware(),
    logger: Logger = Logger(label: "links"), onRefusal: @escaping @Sendable (LinkError) -> Void = { _ in }
  ) async throws(LinkError) -> LinkServer {
    let address = try LinkAddress(text, allowsAnyPort: true)
    let box = NIOLockedValueBox<LinkServer?>(nil)
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton, childGroup: loops)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      // Nobody is let in before there is a server to welcome them.
      .serverChannelOption(.autoRead, value: false)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.writeBufferWaterMark, value: .link)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard let server = box.withLockedValue({ $0 }) else { return channel.close(promise: nil) }
          try server.welcome(channel)
        }
      }
    do {
      let channel = try await bootstrap.bind(host: address.host, port: address.port).get()
      let port = channel.localAddress?.port ?? address.port
      let server = LinkServer(
        LinkAddress(host: address.host, port: port), tls, limits, software, logger, onRefusal, listener: channel)
      box.withLockedValue { $0 = server }
      channel.closeFuture.whenComplete { _ in box.withLockedValue { $0 = nil } }
      try await channel.setOption(.autoRead, value: true).get()
      return server
    } catch {
      throw .badAddress(text, reason: "\(error)")
    }
  }

  private init(
    _ address: LinkAddress, _ tls: TLSSettings, _ limits: LinkLimits, _ software: LinkSoftware, _ logger: Logger,
    _ onRefusal: @escaping @Sendable (LinkError) -> Void, listener channel: any NIOCore.Channel
  ) {
    host = address.host
    port = address.port
    self.tls = tls
    self.limits = limits
    self.software = software
    self.logger = logger
    self.onRefusal = onRefusal
    (links, newLinks) = AsyncStream.makeStream()
    listener.withLockedValue { $0 = channel }
  }

  /// Stops listening, says goodbye on every link and waits for it, at most ``LinkLimits/farewell``.
  public func shutdown() async {
    let (links, opening) = state.withLockedValue { state in
      state.isShutDown = true
      return (Array(state.sessions.values), Array(state.opening.values))
    }
    newLinks.finish()
    let channel = listener.withLockedValue { listener in
      defer { listener = nil }
      return listener
    }
    try? await channel?.close()
    for channel in opening { channel.close(promise: nil) }
    await withTaskGroup(of: Void.self) { group in
      for link in links { group.addTask { await link.close() } }
    }
  }

  /// A caller: TLS, the upgrade and the greeting are ahead.
  private func welcome(_ channel: any NIOCore.Channel) throws {
    let id = ObjectIdentifier(channel)
    let doorkeeper = Doorkeeper(tls)
    let address = channel.remoteAddress.map { LinkServer.text($0) } ?? "a caller"
    try doorkeeper.guardDoor(of: channel, isServer: true, within: limits.opening)
    state.withLockedValue { $0.opening[id] = channel }
    channel.closeFuture.whenComplete { _ in self.state.withLockedValue { $0.opening[id] = nil } }
    let upgrade = try ServerUpgrader.configure(channel) { [limits] in
      ConnectionHandler(opening: nil, limits: limits) { bytes, carrier in
        doorkeeper.noteOpen()
        return self.answer(bytes, of: doorkeeper.peer, at: address, carrier)
      }
    }
    upgrade.whenFailure { error in
      self.noteRefusal(doorkeeper.reason(error, at: address))
      channel.close(promise: nil)
    }
  }

  /// Finds the session that a greeting names, or begins it.
  private func answer(
    _ bytes: [UInt8], of peer: PeerIdentity?, at address: String, _ carrier: Carrier
  ) -> ConnectionHandler.Greeting {
    _ = state.withLockedValue { $0.opening.removeValue(forKey: ObjectIdentifier(carrier.channel)) }
    guard let peer else { return .refuse(answer: nil) }
    var session = ""
    do throws(LinkError) {
      let hello = try Hello.decode(bytes, from: "\(peer.name) (\(address))", here: software.version)
      session = hello.session
      let (link, isNew) = try link(for: hello, peer)
      try link.attach(carrier, hello)
      if isNew { newLinks.yield(link) }
      return .talk(link, answer: link.greeting(of: software, resumes: !isNew))
    } catch {
      noteRefusal(error)
      return .refuse(answer: Hello(of: software, session: session, refusal: LinkServer.clause(error)))
    }
  }

  private func link(for hello: Hello, _ peer: PeerIdentity) throws(LinkError) -> (WebSocketLink, isNew: Bool) {
    let outcome: Result<(WebSocketLink, Bool), LinkError> = state.withLockedValue { state in
      if let link = state.sessions[hello.session] {
        guard link.peer.fingerprint == peer.fingerprint else {
          return .failure(.notTrusted(peer: peer.name, reason: "it asks for a session of another certificate"))
        }
        return .success((link, false))
      }
      guard !hello.resumes else {
        return .failure(.lost(peer: peer.name, after: limits.healing))
      }
      guard !state.isShutDown, state.sessions.count < limits.linkCount else {
        return .failure(.unreachable(address: peer.name, reason: "there are \(state.sessions.count) links already"))
      }
      let link = WebSocketLink(
        to: peer, session: hello.session, limits: limits,
        onEnd: { [weak self] in
          _ = self?.state.withLockedValue { $0.sessions.removeValue(forKey: hello.session) }
        })
      state.sessions[hello.session] = link
      return .success((link, true))
    }
    let (link, isNew) = try outcome.get()
    return (link, isNew)
  }

  private func noteRefusal(_ error: LinkError) {
    logger.warning("a caller was refused", metadata: ["reason": "\(error)"])
    onRefusal(error)
  }

  /// What a caller is told.
  private static func clause(_ error: LinkError) -> String {
    switch error {
    case .notTrusted(_, let reason), .malformedFrame(_, let reason), .unreachable(_, let reason): reason
    case .lost: "it has no such session, or no longer"
    case .closed, .closedHere, .cancelled, .timedOut, .oversizedMessage, .refused, .wrongVersion, .badAddress:
      "\(error)"
    }
  }

  private static func text(_ address: SocketAddress) -> String {
    LinkAddress(host: address.ipAddress ?? "?", port: address.port ?? 0).text
  }
}
