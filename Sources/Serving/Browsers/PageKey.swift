import Crypto
import Foundation
package import Identity
package import Transports

/// The key to which pages seal a party's shares. It stays the same over restarts, as pages carry its public half.
package struct PageKey: Sendable {
  private let key: P256.KeyAgreement.PrivateKey
  private let party: PartyID

  /// The key in the party's folder, made if it is not there; without a folder, one that lives as long as the process.
  ///
  /// - Throws: ``ServingError/storage(_:reason:)`` where the file cannot be used.
  package static func open(storage: (folder: String, key: StorageKey)?, party: PartyID) throws -> PageKey {
    guard let storage else { return PageKey(key: P256.KeyAgreement.PrivateKey(), party: party) }
    let (path, label) = (storage.folder + "/page-key.sealed", "tacit/page-key/1|party \(party)")
    if !FileManager.default.fileExists(atPath: path) {
      try PrivateFolder.make(storage.folder)
      let fresh = P256.KeyAgreement.PrivateKey()
      try SealedFile.write(fresh.rawRepresentation, label: label, key: storage.key, to: path)
    }
    guard let bytes = try? SealedFile.read(label: label, key: storage.key, from: path),
      let key = try? P256.KeyAgreement.PrivateKey(rawRepresentation: bytes)
    else {
      throw ServingError.storage(
        path, reason: "it was changed, or is of another party or storage key; without it, pages must be made anew")
    }
    return PageKey(key: key, party: party)
  }

  /// For pages: the point as 65 bytes (X9.63, uncompressed).
  package var publicBytes: [UInt8] { [UInt8](key.publicKey.x963Representation) }

  /// What a page and this party share.
  ///
  /// - Parameters:
  ///   - page: the page's key for this query alone, as 65 bytes.
  ///   - model: the model's ``ModelCard/key``.
  /// - Throws: ``ServingError/badRequest(_:)`` where that is no point of the curve.
  package func agree(with page: [UInt8], model: String, query: String) throws -> PageSecret {
    guard let other = try? P256.KeyAgreement.PublicKey(x963Representation: page),
      let secret = try? key.sharedSecretFromKeyAgreement(with: other)
    else { throw ServingError.badRequest("the page's key is none of the curve P-256") }
    return PageSecret(secret, salt: page + publicBytes, party: party, model: model, query: query)
  }
}

/// The keys of one query between a page and a party: one for the share on its way there, one for the answer on its way back.
///
/// ECDH on P-256 with a key of the page's for this query alone, HKDF-SHA256 with both public keys as salt, AES-256-GCM. The
/// party, the model and the query are in HKDF's info: a box that is brought elsewhere does not open. Each key seals
/// one message, so that the nonce is zero.
package struct PageSecret: Sendable {
  private let share: SymmetricKey
  private let answer: SymmetricKey
  private static let nonce = [UInt8](repeating: 0, count: 12)
  static let tagByteCount = 16

  fileprivate init(_ secret: SharedSecret, salt: [UInt8], party: PartyID, model: String, query: String) {
    func key(for purpose: String) -> SymmetricKey {
      secret.hkdfDerivedSymmetricKey(
        using: SHA256.self, salt: salt,
        sharedInfo: Data("tacit/page/1|\(purpose)|party \(party)|\(model)|\(query)".utf8), outputByteCount: 32)
    }
    (share, answer) = (key(for: "share"), key(for: "answer"))
  }

  /// What the page sealed: ciphertext and tag.
  ///
  /// - Throws: ``ServingError/untrusted(_:)``.
  package func open(_ box: [UInt8]) throws -> [UInt8] {
    guard box.count >= Self.tagByteCount,
      let nonce = try? AES.GCM.Nonce(data: Self.nonce),
      let sealed = try? AES.GCM.SealedBox(
        nonce: nonce, ciphertext: box.dropLast(Self.tagByteCount), tag: box.suffix(Self.tagByteCount)),
      let opened = try? AES.GCM.open(sealed, using: share)
    else {
      throw ServingError.untrusted(
        "the share is sealed to another key, model or query, or was changed: load the page again")
    }
    return [UInt8](opened)
  }

  /// Seals this party's part of the answer.
  package func seal(_ summand: [UInt8]) throws -> [UInt8] {
    let box = try AES.GCM.seal(summand, using: answer, nonce: AES.GCM.Nonce(data: Self.nonce))
    return [UInt8](box.ciphertext) + [UInt8](box.tag)
  }
}
