import Crypto
import Foundation

/// The key that wraps the keys of files at rest. It lives in a file of its own that only its owner may read.
public struct StorageKey: Sendable {
  private let key: SymmetricKey

  /// A fresh key that no file holds.
  public init() { key = SymmetricKey(size: .bits256) }

  /// Reads the key of a file, or makes the file with a fresh one.
  ///
  /// - Throws: ``IdentityError`` where others could read the file, or where it holds no key.
  public static func open(_ path: String) throws(IdentityError) -> StorageKey {
    if !FileManager.default.fileExists(atPath: path) {
      let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
      try KeyFile.write(bytes.base64EncodedString() + "\n", to: path, isPrivate: true)
    }
    let text = try KeyFile.readPrivate(path).trimmingCharacters(in: .whitespacesAndNewlines)
    guard let data = Data(base64Encoded: text), data.count == 32 else {
      throw .malformed(path: path, reason: "it holds no storage key")
    }
    return StorageKey(key: SymmetricKey(data: data))
  }

  private init(key: SymmetricKey) { self.key = key }

  func wrap(_ other: SymmetricKey) throws -> Data { try AES.KeyWrap.wrap(other, using: key) }
  func unwrap(_ wrapped: Data) throws -> SymmetricKey { try AES.KeyWrap.unwrap(wrapped, using: key) }
}

extension StorageKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "‹storage key›" }
  public var debugDescription: String { description }
  /// Keeps `dump` and debuggers out.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
