package import Identity
package import NIOSSL

/// The certificate that a server shows to browsers, and its key: of an authority that browsers know, not of this project's.
package struct WebCertificate: Sendable {
  /// TLS 1.3, a certificate on the server's side alone.
  package let configuration: TLSConfiguration

  /// Reads PEM files; the server's own certificate stands first in its file.
  ///
  /// - Throws: `IdentityError` naming the file; the key's file must be one that its owner alone can read.
  package init(certificate path: String, key keyPath: String) throws(IdentityError) {
    let text = try KeyFile.read(path)
    guard let chain = try? NIOSSLCertificate.fromPEMBytes(Array(text.utf8)), !chain.isEmpty else {
      throw .malformed(path: path, reason: "it holds no PEM certificates")
    }
    let keyText = try KeyFile.readPrivate(keyPath)
    guard let key = try? NIOSSLPrivateKey(bytes: Array(keyText.utf8), format: .pem) else {
      throw .malformed(path: keyPath, reason: "it holds no PEM private key")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv13
    configuration.applicationProtocols = ["http/1.1"]
    guard (try? NIOSSLContext(configuration: configuration)) != nil else { throw .keyMismatch(path: keyPath) }
    self.configuration = configuration
  }
}
