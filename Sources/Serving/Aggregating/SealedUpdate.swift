package import Crypto
import Foundation
import Sharing
import Tensors

/// A worker's vector in shares, each sealed to one party: whoever carries them learns their length.
///
/// A box is HPKE (RFC 9180: X25519, HKDF-SHA256, AES-256-GCM) with the sum, the worker and the party in its context. The
/// worker signs the three boxes, so that nobody can put a vector in another's place or exchange one box.
package struct SealedUpdate: Sendable {
  /// The worker's, DER.
  let certificate: [UInt8]
  /// ECDSA with P-256 and SHA-256 by the certificate's key.
  let signature: [UInt8]
  let boxes: [[UInt8]]

  static var suite: HPKE.Ciphersuite {
    HPKE.Ciphersuite(kem: .Curve25519_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .AES_GCM_256)
  }
  static let keyByteCount = 32

  /// Cuts words into shares and seals them.
  ///
  /// - Parameters:
  ///   - credentials: the parties' keys, as a coordinator passes them on.
  ///   - pins: the SHA-256 of the parties' certificates, from a source that the worker trusts.
  /// - Throws: ``ServingError/untrusted(_:)`` where a key is not that of a pinned party.
  package init(
    _ words: [UInt64], of sum: SharedSum, worker: String, certificate: [UInt8], key: P256.Signing.PrivateKey,
    credentials: [PartyCredential], pins: [[UInt8]]
  ) throws {
    guard credentials.count == 3, pins.count == 3, words.count == sum.count else {
      throw ServingError.untrusted("shares are made for three parties, and there are \(credentials.count) keys")
    }
    let digest = try sum.digest
    let parcels = InputSharing.parcels(of: [RingTensor(shape: [words.count], scalars: words)])
    boxes = try parcels.indices.map { party in
      let recipient = try credentials[party].key(ofCertificate: pins[party], party: party)
      var sender = try HPKE.Sender(
        recipientKey: recipient, ciphersuite: Self.suite, info: Self.context(digest, worker, party))
      return [UInt8](sender.encapsulatedKey) + [UInt8](try sender.seal(Data(parcels[party].bytes)))
    }
    self.certificate = certificate
    signature = [UInt8](
      try key.signature(for: Self.signed(digest, worker, boxes.map { Self.digest(of: $0) })).rawRepresentation)
  }

  static func context(_ digest: [UInt8], _ worker: String, _ party: Int) -> Data {
    Data("tacit/shared-update/1|party \(party)|\(worker)|".utf8) + digest
  }

  static func signed(_ digest: [UInt8], _ worker: String, _ boxes: [[UInt8]]) -> Data {
    Data("tacit/shared-update/1|\(worker)|".utf8) + digest + boxes.joined()
  }

  static func digest(of box: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: box)) }

  /// What one party is to be given.
  func part(of party: Int) -> (header: SealedPart, box: [UInt8]) {
    (
      SealedPart(certificate: certificate, signature: signature, boxes: boxes.map { Self.digest(of: $0) }),
      boxes[party]
    )
  }

  // MARK: Bytes

  /// Certificate, signature and boxes, each behind its length in 4 bytes.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for field in [certificate, signature] + boxes {
      withUnsafeBytes(of: UInt32(field.count).littleEndian) { bytes.append(contentsOf: $0) }
      bytes += field
    }
    return bytes
  }

  /// - Throws: ``ServingError/malformedMessage``.
  package init(bytes: [UInt8]) throws {
    var rest = bytes[...]
    var fields: [[UInt8]] = []
    while !rest.isEmpty, fields.count < 5 {
      let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      guard rest.count >= 4, length <= rest.count - 4 else { throw ServingError.malformedMessage }
      fields.append(Array(rest.dropFirst(4).prefix(length)))
      rest = rest.dropFirst(4 + length)
    }
    guard fields.count == 5, rest.isEmpty else { throw ServingError.malformedMessage }
    (certificate, signature, boxes) = (fields[0], fields[1], Array(fields[2...]))
  }
}

/// What goes with a worker's box for one party.
package struct SealedPart: Codable, Sendable {
  let certificate: [UInt8]
  let signature: [UInt8]
  /// The SHA-256 of the boxes of all parties.
  let boxes: [[UInt8]]
}
