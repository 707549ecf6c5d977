import NIOConcurrencyHelpers
package import NIOCore
import NIOPosix

/// A TCP relay that spoils each of its connections as told, once so many bytes have passed.
package final class FaultyProxy: Sendable {
  /// What happens to a connection.
  package enum Fault: Sendable {
    /// Both sides are closed.
    case cut
    /// The side that bytes go to is told that no more will come; the other one is not.
    case halfClose
    /// One bit is turned.
    case garble
    /// Nothing passes any more, and nobody is told.
    case swallow
    /// Everything waits for a moment once.
    case delay(TimeAmount)
  }

  package struct Plan: Sendable {
    let fault: Fault
    /// After so many bytes…
    let byteCount: Int
    /// …from the server, or from the caller.
    let isFromServer: Bool

    package init(fault: Fault, byteCount: Int, isFromServer: Bool) {
      self.fault = fault
      self.byteCount = byteCount
      self.isFromServer = isFromServer
    }
  }

  private struct State {
    var plans: [Plan] = []
    var connectionCount = 0
    var isDown = false
    var channels: [any Channel] = []
  }

  private let state = NIOLockedValueBox(State())
  private let listener: any Channel

  /// Listens on a free port and passes on to `port`; the first plan is for the first connection, and so on.
  package static func start(to port: Int, plans: [Plan] = []) async throws -> FaultyProxy {
    let box = NIOLockedValueBox<FaultyProxy?>(nil)
    let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.autoRead, value: false)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { caller in
        guard let proxy = box.withLockedValue({ $0 }) else { return caller.close() }
        return proxy.join(caller, to: port)
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let proxy = FaultyProxy(listener, plans)
    box.withLockedValue { $0 = proxy }
    listener.closeFuture.whenComplete { _ in box.withLockedValue { $0 = nil } }
    return proxy
  }

  private init(_ listener: any Channel, _ plans: [Plan]) {
    self.listener = listener
    state.withLockedValue { $0.plans = plans }
  }

  package var port: Int { listener.localAddress?.port ?? 0 }
  package var connectionCount: Int { state.withLockedValue { $0.connectionCount } }

  /// Ends the relay and all it carries.
  package func stop() async {
    try? await listener.close()
    cutAll()
  }

  /// Cuts what is connected now.
  package func cutAll() {
    let channels = state.withLockedValue { state in
      defer { state.channels = [] }
      return state.channels
    }
    for channel in channels { channel.close(promise: nil) }
  }

  /// Cuts what is connected now, and everybody who calls meanwhile.
  package func cut(for time: Duration) async throws {
    state.withLockedValue { $0.isDown = true }
    cutAll()
    defer { state.withLockedValue { $0.isDown = false } }
    try await Task.sleep(for: time)
  }

  private func join(_ caller: any Channel, to port: Int) -> EventLoopFuture<Void> {
    guard !state.withLockedValue({ $0.isDown }) else { return caller.close() }
    let plan: Plan? = state.withLockedValue { state in
      state.connectionCount += 1
      state.channels.append(caller)
      return state.plans.isEmpty ? nil : state.plans.removeFirst()
    }
    return ClientBootstrap(group: caller.eventLoop)
      .channelOption(.autoRead, value: false)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .connect(host: "127.0.0.1", port: port)
      .flatMapThrowing { server in
        try caller.pipeline.syncOperations.addHandler(
          Relay(to: server, plan.flatMap { $0.isFromServer ? nil : $0 }))
        try server.pipeline.syncOperations.addHandler(
          Relay(to: caller, plan.flatMap { $0.isFromServer ? $0 : nil }))
        server.read()
      }
      .flatMapErrorThrowing { _ in caller.close(promise: nil) }
  }
}

/// One direction; reads on once the last portion has been written.
private final class Relay: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let target: any Channel
  private var plan: FaultyProxy.Plan?
  private var passed = 0
  private var isSwallowing = false

  init(to target: any Channel, _ plan: FaultyProxy.Plan?) {
    self.target = target
    self.plan = plan
  }

  func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { context.read() } }

  func channelActive(context: ChannelHandlerContext) { context.read() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    passed += buffer.readableBytes
    let source = context.channel
    guard !isSwallowing else { return source.read() }
    guard let plan, passed >= plan.byteCount else { return pass(buffer, from: source) }
    self.plan = nil
    switch plan.fault {
    case .cut:
      source.close(promise: nil)
      target.close(promise: nil)
    case .halfClose:
      target.close(mode: .output, promise: nil)
      isSwallowing = true
      source.read()
    case .swallow:
      isSwallowing = true
      source.read()
    case .garble:
      let index = buffer.readerIndex + buffer.readableBytes / 2
      if let byte = buffer.getInteger(at: index, as: UInt8.self) { buffer.setInteger(byte ^ 4, at: index) }
      pass(buffer, from: source)
    case .delay(let pause):
      let (target, portion) = (target, buffer)
      context.eventLoop.scheduleTask(in: pause) {
        target.writeAndFlush(portion).whenComplete { _ in source.read() }
      }
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed { target.close(mode: .output, promise: nil) }
  }

  func channelInactive(context: ChannelHandlerContext) { target.close(promise: nil) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private func pass(_ buffer: ByteBuffer, from source: any Channel) {
    target.writeAndFlush(buffer).whenComplete { _ in source.read() }
  }
}
