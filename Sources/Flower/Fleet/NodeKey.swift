internal import Crypto
internal import Foundation
internal import Identity

/// The key by which a SuperLink knows a node: ECDSA on P-384.
public struct NodeKey: Sendable {
  private let key: P384.Signing.PrivateKey
  /// Whether it was made here, for one connection, so that the node registers itself.
  let isFresh: Bool
  /// PEM, as the SuperLink keeps it.
  let publicBytes: [UInt8]

  private init(_ key: P384.Signing.PrivateKey, isFresh: Bool) {
    self.key = key
    self.isFresh = isFresh
    var text = key.publicKey.pemRepresentation
    if !text.hasSuffix("\n") { text += "\n" }
    publicBytes = Array(text.utf8)
  }

  /// A key that nobody knows yet.
  public static func fresh() -> NodeKey { NodeKey(P384.Signing.PrivateKey(), isFresh: true) }

  /// The key in a PEM file that only its owner can read, registered at the SuperLink before.
  public static func load(from path: String) throws(FlowerError) -> NodeKey {
    let text: String
    do { text = try KeyFile.readPrivate(path) } catch { throw .keyFile("\(error)") }
    guard let key = try? P384.Signing.PrivateKey(pemRepresentation: text) else {
      throw .file(
        path: path, reason: "it holds no PEM key for P-384; make one: ssh-keygen -t ecdsa -b 384 -m PEM")
    }
    return NodeKey(key, isFresh: false)
  }

  /// The headers that prove who asks: the public key, the time, and a signature of that time.
  func headers(at time: Date) throws(FlowerError) -> [(String, String)] {
    let stamp = Date.ISO8601FormatStyle(includingFractionalSeconds: true).format(time)
    do {
      // Flower signs with SHA-256, not with the SHA-384 that goes with the curve.
      let signature = try key.signature(for: SHA256.hash(data: Data(stamp.utf8)))
      return [
        ("flwr-public-key", Data(publicBytes).base64EncodedString()), ("flwr-timestamp", stamp),
        ("flwr-signature", signature.derRepresentation.base64EncodedString()),
      ]
    } catch { throw .malformedMessage("its time cannot be signed") }
  }
}
