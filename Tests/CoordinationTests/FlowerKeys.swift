import Crypto
import Foundation

/// Keys as `openssl ecparam -name secp384r1` makes them.
enum FlowerKeys {
  static func write(to path: String) throws {
    let key = P384.Signing.PrivateKey()
    let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
    _ = FileManager.default.createFile(
      atPath: path, contents: Data((key.pemRepresentation + "\n").utf8), attributes: attributes)
  }
}
