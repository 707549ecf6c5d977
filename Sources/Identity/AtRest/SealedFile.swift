import Crypto
public import Foundation

/// A file of secrets at rest: AES-256-GCM under a random key of its own, which the storage key wraps (RFC 3394).
///
/// A label goes into the authenticated data, so that files cannot be swapped for each other. Layout: `TACITSF1`, 40 bytes
/// of wrapped key, nonce, ciphertext, tag.
public enum SealedFile {
  private static let magic = Data("TACITSF1".utf8)
  private static let wrappedByteCount = 40

  /// Writes the file as a whole or not at all.
  public static func write(_ content: Data, label: String, key: StorageKey, to path: String) throws(IdentityError) {
    let own = SymmetricKey(size: .bits256)
    do {
      let box = try AES.GCM.seal(content, using: own, authenticating: Data(label.utf8))
      guard let combined = box.combined else { throw IdentityError.file(path: path, reason: "it cannot be sealed") }
      try (magic + key.wrap(own) + combined).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw .file(path: path, reason: "it cannot be written")
    }
  }

  /// Reads a file back.
  ///
  /// - Throws: ``IdentityError`` where the file is missing, was changed, has another label or was sealed under another key.
  public static func read(label: String, key: StorageKey, from path: String) throws(IdentityError) -> Data {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .file(path: path, reason: "it is not there")
    }
    guard data.starts(with: magic), data.count > magic.count + wrappedByteCount else {
      throw .malformed(path: path, reason: "it is no sealed file")
    }
    do {
      let wrapped = data.dropFirst(magic.count).prefix(wrappedByteCount)
      let own = try key.unwrap(Data(wrapped))
      let box = try AES.GCM.SealedBox(combined: data.dropFirst(magic.count + wrappedByteCount))
      return try AES.GCM.open(box, using: own, authenticating: Data(label.utf8))
    } catch {
      throw .malformed(path: path, reason: "it was changed, or is of another party, purpose or storage key")
    }
  }
}
