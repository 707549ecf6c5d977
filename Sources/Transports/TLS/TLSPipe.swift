internal import NIOCore
internal import NIOEmbedded
internal import NIOSSL

/// What a ``TLSPipe`` tells its owner, always from within a call of the owner.
protocol TLSPipeOwner: AnyObject {
  func pipeDecrypted(_ plaintext: ByteBuffer)
  func pipeEncrypted(_ ciphertext: ByteBuffer)
  func pipeFailed(_ error: ChannelError)
}

/// TLS without a socket: ciphertext in, plaintext out, and the other way round, on the thread that made it.
///
/// SwiftNIO's TLS handler lives in an embedded channel whose two ends are handlers that pass everything to the owner.
final class TLSPipe {
  private let channel: EmbeddedChannel
  private let verdict: Verdict
  /// The embedded channel needs some address to count as connected.
  private let unusedAddress: SocketAddress
  private var isEstablished = false
  private var isFinished = false

  /// The accepted peer, once it has been judged. Proven only when the first plaintext has come.
  var peer: PeerIdentity? { verdict.peer }

  init(settings: TLSSettings, isServer: Bool, owner: any TLSPipeOwner) throws(ChannelError) {
    let verdict = Verdict()
    self.verdict = verdict
    channel = EmbeddedChannel()
    let verify = settings.verify
    let judge: NIOSSLCustomVerificationCallback = { certificates, promise in
      verdict.judge(certificates, with: verify)
      promise.succeed(verdict.peer == nil ? .failed : .certificateVerified)
    }
    do {
      unusedAddress = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
      let handler: NIOSSLHandler =
        isServer
        ? NIOSSLServerHandler(context: settings.serverContext, customVerificationCallback: judge)
        : try NIOSSLClientHandler(
          context: settings.clientContext, serverHostname: nil, customVerificationCallback: judge)
      let pipeline = channel.pipeline.syncOperations
      try pipeline.addHandler(WireEnd(owner: owner))
      try pipeline.addHandler(handler)
      try pipeline.addHandler(PlainEnd(owner: owner, verdict: verdict))
    } catch {
      throw .badCredentials(reason: "\(error)")
    }
  }

  /// Begins the handshake.
  func start() {
    channel.pipeline.connect(to: unusedAddress, promise: nil)
    channel.embeddedEventLoop.run()
  }

  /// Passes on what came from the network.
  func receive(_ ciphertext: ByteBuffer) {
    let pipeline = channel.pipeline.syncOperations
    pipeline.fireChannelRead(NIOAny(ciphertext))
    pipeline.fireChannelReadComplete()
    // The verifier's answer takes effect in the embedded loop's next turn; afterwards that loop has nothing to do.
    if !isEstablished { channel.embeddedEventLoop.run() }
  }

  /// The handshake is over.
  func noteEstablished() { isEstablished = true }

  /// Encrypts; the ciphertext reaches the owner before this returns, unless the handshake is still going on.
  func write(_ plaintext: ByteBuffer) {
    let pipeline = channel.pipeline.syncOperations
    pipeline.write(NIOAny(plaintext), promise: nil)
    pipeline.flush()
  }

  /// Says goodbye to the peer and frees what TLS holds. Nothing may be called afterwards.
  func finish() {
    guard !isFinished else { return }
    isFinished = true
    let pipeline = channel.pipeline.syncOperations
    pipeline.close(mode: .all, promise: nil)
    // The peer's answer is not waited for: the handler is told that the connection is gone.
    pipeline.fireChannelInactive()
    _ = try? channel.finish(acceptAlreadyClosed: true)
  }
}

/// What the verifier has said.
///
/// `@unchecked Sendable`: written and read only on the thread of the pipe that made it. TLS calls the verifier from
/// within the pipe's own calls, and the annotation only satisfies the type of the library's callback.
private final class Verdict: @unchecked Sendable {
  private(set) var peer: PeerIdentity?
  private(set) var refusal: NotTrusted?

  func judge(_ certificates: [NIOSSLCertificate], with verify: TLSSettings.Verifier) {
    do {
      switch verify(try certificates.map { try $0.toDERBytes() }) {
      case .success(let identity): peer = identity
      case .failure(let reason): refusal = reason
      }
    } catch {
      refusal = NotTrusted("its certificate cannot be read")
    }
  }
}

/// The end towards the network: catches ciphertext on its way out.
private final class WireEnd: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer
  private unowned let owner: any TLSPipeOwner

  init(owner: any TLSPipeOwner) { self.owner = owner }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    owner.pipeEncrypted(unwrapOutboundIn(data))
    promise?.succeed(())
  }

  func flush(context: ChannelHandlerContext) {}
}

/// The end towards the program: catches plaintext and errors on their way in.
private final class PlainEnd: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private unowned let owner: any TLSPipeOwner
  private let verdict: Verdict

  init(owner: any TLSPipeOwner, verdict: Verdict) {
    self.owner = owner
    self.verdict = verdict
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { owner.pipeDecrypted(unwrapInboundIn(data)) }

  func channelReadComplete(context: ChannelHandlerContext) {}

  func channelInactive(context: ChannelHandlerContext) { owner.pipeFailed(.closed(by: PeerName())) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let refusal = verdict.refusal {
      owner.pipeFailed(.notTrusted(peer: PeerName(), reason: refusal.reason))
    } else if let error = error as? NIOSSLError, error == .uncleanShutdown {
      owner.pipeFailed(.closed(by: PeerName()))
    } else {
      owner.pipeFailed(.tlsFailed(with: PeerName(), reason: "\(error)"))
    }
  }
}
