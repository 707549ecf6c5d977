import Crypto
import Foundation

/// Keys as `ssh-keygen -t ecdsa -b 384 -m PEM` makes them.
enum FlowerKeys {
  /// Writes a private key, and the public one beside it as `PATH.pub`.
  static func write(to path: String) throws {
    let key = P384.Signing.PrivateKey()
    let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
    _ = FileManager.default.createFile(
      atPath: path, contents: Data((key.pemRepresentation + "\n").utf8), attributes: attributes)
    let kind = "ecdsa-sha2-nistp384"
    let parts = [Data(kind.utf8), Data("nistp384".utf8), key.publicKey.x963Representation]
    var wire = Data()
    for part in parts {
      withUnsafeBytes(of: UInt32(part.count).bigEndian) { wire.append(contentsOf: $0) }
      wire.append(part)
    }
    try Data("\(kind) \(wire.base64EncodedString())\n".utf8).write(to: URL(fileURLWithPath: path + ".pub"))
  }
}
