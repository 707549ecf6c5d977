internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Transports

/// What is known of a connection until its link has it: whom TLS has proven, what went wrong.
final class Doorkeeper: Sendable {
  private struct State {
    var peer: PeerIdentity?
    var refusal: NotTrusted?
    var problem: (any Error)?
    var isOpen = false
  }

  private let state = NIOLockedValueBox(State())
  private let tls: TLSSettings

  init(_ tls: TLSSettings) { self.tls = tls }

  /// Whom the certificate names, once it has been accepted.
  var peer: PeerIdentity? { state.withLockedValue { $0.peer } }

  func noteOpen() { state.withLockedValue { $0.isOpen = true } }

  /// Adds TLS, a deadline, and a note of whatever goes wrong.
  func guardDoor(of channel: any NIOCore.Channel, isServer: Bool, within patience: Duration) throws {
    let judge: NIOSSLCustomVerificationCallback = { certificates, promise in
      promise.succeed(self.accepts(certificates) ? .certificateVerified : .failed)
    }
    let handler: NIOSSLHandler =
      isServer
      ? NIOSSLServerHandler(context: tls.serverContext, customVerificationCallback: judge)
      : try NIOSSLClientHandler(context: tls.clientContext, serverHostname: nil, customVerificationCallback: judge)
    try channel.pipeline.syncOperations.addHandler(handler)
    try channel.pipeline.syncOperations.addHandler(ProblemNote(self))
    let deadline = channel.eventLoop.scheduleTask(in: TimeAmount(patience)) {
      if !self.state.withLockedValue({ $0.isOpen }) { channel.close(promise: nil) }
    }
    channel.closeFuture.whenComplete { _ in deadline.cancel() }
  }

  /// Why the connection did not come about.
  func reason(_ error: (any Error)?, at address: String) -> LinkError {
    let (refusal, problem) = state.withLockedValue { ($0.refusal, $0.problem) }
    if let error = error as? LinkError { return error }
    if let refusal { return .notTrusted(peer: address, reason: refusal.reason) }
    if let tls = Doorkeeper.refusalOverTLS(problem) ?? Doorkeeper.refusalOverTLS(error) {
      return .refused(by: address, reason: tls)
    }
    if let error = error as? NIOConnectionError {
      let reason = error.connectionErrors.isEmpty ? "its name is not known" : "nobody listens there"
      return .unreachable(address: address, reason: reason)
    }
    return .unreachable(address: address, reason: "the connection broke off before it was open")
  }

  private func accepts(_ certificates: [NIOSSLCertificate]) -> Bool {
    let verdict: Result<PeerIdentity, NotTrusted>
    if let chain = try? certificates.map({ try $0.toDERBytes() }) {
      verdict = tls.verify(chain)
    } else {
      verdict = .failure(NotTrusted("its certificate cannot be read"))
    }
    return state.withLockedValue { state in
      switch verdict {
      case .success(let peer): state.peer = peer
      case .failure(let refusal): state.refusal = refusal
      }
      return state.peer != nil
    }
  }

  fileprivate func note(_ error: any Error) { state.withLockedValue { $0.problem = $0.problem ?? error } }

  private static func refusalOverTLS(_ error: (any Error)?) -> String? {
    // An alert of the peer; what this end refuses has been noted by the verifier.
    guard let error else { return nil }
    let text = "\(error)"
    guard text.contains("ALERT"), text.contains("CERTIFICATE") || text.contains("UNKNOWN_CA") else { return nil }
    return "it does not accept this end's certificate; its log says why"
  }
}

/// Notes the first error that passes, so that it can be told.
private final class ProblemNote: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let doorkeeper: Doorkeeper

  init(_ doorkeeper: Doorkeeper) { self.doorkeeper = doorkeeper }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    doorkeeper.note(error)
    context.fireErrorCaught(error)
    context.close(promise: nil)
  }
}
