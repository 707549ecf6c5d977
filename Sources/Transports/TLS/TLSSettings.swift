internal import NIOCore
package import NIOSSL

/// Who a peer is, once its certificate has been accepted.
public struct PeerIdentity: Hashable, Sendable {
  /// The peer's own certificate, DER.
  public let certificate: [UInt8]
  /// The SHA-256 of ``certificate``.
  public let fingerprint: [UInt8]
  /// The name in the certificate.
  public let name: String
  /// The role in the certificate.
  public let role: String

  public init(certificate: [UInt8], fingerprint: [UInt8], name: String, role: String) {
    self.certificate = certificate
    self.fingerprint = fingerprint
    self.name = name
    self.role = role
  }
}

/// Why a certificate was refused, as one clause.
public struct NotTrusted: Error, Hashable, Sendable {
  public let reason: String

  public init(_ reason: String) { self.reason = reason }
}

/// How this end proves who it is, and how it judges a peer: TLS 1.3 only, certificates on both sides.
///
/// ``Verifier`` is the only judge: it must check the signature, the period of validity and the role by itself.
public struct TLSSettings: Sendable {
  /// Decides on the peer's chain of DER certificates, its own first. Called on the loop's thread during the handshake.
  public typealias Verifier = @Sendable ([[UInt8]]) -> Result<PeerIdentity, NotTrusted>

  /// The SHA-256 of this end's certificate.
  public let fingerprint: [UInt8]
  package let verify: Verifier
  package let clientContext: NIOSSLContext
  package let serverContext: NIOSSLContext

  /// Settings from certificates and a private key, all DER; `chain` starts with this end's own certificate.
  public init(
    chain: [[UInt8]], privateKey: [UInt8], fingerprint: [UInt8], trustedRoots: [[UInt8]],
    verify: @escaping Verifier
  ) throws(ChannelError) {
    self.fingerprint = fingerprint
    self.verify = verify
    do {
      let certificates = try chain.map { try NIOSSLCertificate(bytes: $0, format: .der) }
      let key = try NIOSSLPrivateKey(bytes: privateKey, format: .der)
      let roots = try trustedRoots.map { try NIOSSLCertificate(bytes: $0, format: .der) }
      var client = TLSConfiguration.makeClientConfiguration()
      client.certificateChain = certificates.map { .certificate($0) }
      client.privateKey = .privateKey(key)
      var server = TLSConfiguration.makeServerConfigurationWithMTLS(
        certificateChain: client.certificateChain, privateKey: .privateKey(key), trustRoots: .certificates(roots))
      clientContext = try TLSSettings.context(&client, roots)
      serverContext = try TLSSettings.context(&server, roots)
    } catch {
      throw .badCredentials(reason: "\(error)")
    }
  }

  /// The same certificate and key with another judge.
  public func judging(by verify: @escaping Verifier) -> TLSSettings { TLSSettings(self, verify) }

  private init(_ other: TLSSettings, _ verify: @escaping Verifier) {
    fingerprint = other.fingerprint
    clientContext = other.clientContext
    serverContext = other.serverContext
    self.verify = verify
  }

  private static func context(
    _ configuration: inout TLSConfiguration, _ roots: [NIOSSLCertificate]
  ) throws -> NIOSSLContext {
    configuration.minimumTLSVersion = .tlsv13
    configuration.maximumTLSVersion = .tlsv13
    // Any mode but `none` makes the certificate mandatory; the verifier then replaces the library's own checks.
    configuration.certificateVerification = .noHostnameVerification
    configuration.trustRoots = .certificates(roots)
    return try NIOSSLContext(configuration: configuration)
  }
}

/// How the bytes of a connection are protected.
public enum Protection: Sendable {
  case tls(TLSSettings)
  /// Nothing is protected, nobody is identified: for measurements on one machine.
  case insecurePlainTCP

  /// The SHA-256 of this end's certificate; empty without TLS.
  var fingerprint: [UInt8] {
    switch self {
    case .tls(let settings): settings.fingerprint
    case .insecurePlainTCP: []
    }
  }
}
