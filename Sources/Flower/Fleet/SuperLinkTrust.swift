internal import NIOSSL

/// By what a SuperLink is known.
public struct SuperLinkTrust: Sendable {
  /// How bytes travel.
  enum Layer: Sendable {
    /// In the clear.
    case plain
    case tls(NIOSSLContext)
  }

  let layer: Layer
  /// The SHA-256 of the certificates that will do; any that the authority vouches for where there are none.
  let pins: Set<[UInt8]>?

  /// Without TLS: whoever is on the way reads and changes everything.
  public static let insecure = SuperLinkTrust(layer: .plain, pins: nil)

  /// TLS, with an authority's certificates in a PEM file, or with those that the system trusts.
  public static func tls(roots path: String?, pins: Set<[UInt8]>? = nil) throws(FlowerError) -> SuperLinkTrust {
    var settings = TLSConfiguration.makeClientConfiguration()
    settings.minimumTLSVersion = .tlsv12
    if let path {
      do {
        settings.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(path))
      } catch { throw .file(path: path, reason: "it holds no PEM certificates that can be read") }
    }
    do {
      return SuperLinkTrust(layer: .tls(try NIOSSLContext(configuration: settings)), pins: pins)
    } catch { throw .file(path: path ?? "the system's store of certificates", reason: "TLS cannot be set up with it") }
  }
}
