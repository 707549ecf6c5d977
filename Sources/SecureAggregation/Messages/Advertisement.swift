import Crypto
import Foundation

/// The public keys of a client for one attempt, signed with its long-term key; 160 bytes after the header.
struct Advertisement: Sendable {
  static let byteCount = 32 + 32 + 32 + 64

  let maskKey: [UInt8]
  let channelKey: [UInt8]
  let seedCommitment: [UInt8]
  let signature: [UInt8]

  init(_ body: ArraySlice<UInt8>) {
    precondition(body.count == Self.byteCount)
    let bytes = Array(body)
    maskKey = Array(bytes[0..<32])
    channelKey = Array(bytes[32..<64])
    seedCommitment = Array(bytes[64..<96])
    signature = Array(bytes[96...])
  }

  init(
    of keys: AttemptKeys, place: Int, context: AttemptContext, signingKey: P256.Signing.PrivateKey
  ) throws(SecureAggregationError) {
    maskKey = Array(keys.mask.publicKey.rawRepresentation)
    channelKey = Array(keys.channel.publicKey.rawRepresentation)
    seedCommitment = context.derivation.commitment(seed: keys.seed)
    let text = Self.signedText(maskKey + channelKey + seedCommitment, place: place, context: context)
    signature = try Signatures.sign(text, with: signingKey)
  }

  var bytes: [UInt8] { maskKey + channelKey + seedCommitment + signature }

  /// What stands for these keys in the digest of all.
  func leaf(place: Int) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(text: "tacit secure aggregation 1: leaf")
    writer.append(UInt32(place))
    writer.append(maskKey)
    writer.append(channelKey)
    writer.append(seedCommitment)
    return Array(SHA256.hash(data: writer.bytes))
  }

  func isSigned(by key: P256.Signing.PublicKey, place: Int, context: AttemptContext) -> Bool {
    let text = Self.signedText(maskKey + channelKey + seedCommitment, place: place, context: context)
    return Signatures.isValid(signature, on: text, by: key)
  }

  private static func signedText(_ keys: [UInt8], place: Int, context: AttemptContext) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(text: "tacit secure aggregation 1: advertisement")
    writer.append(context.announcementDigest)
    writer.append(UInt32(place))
    writer.append(keys)
    return writer.bytes
  }
}

/// What both ends know from the announcement on.
struct AttemptContext: Sendable {
  let attempt: AttemptID
  let cohort: Cohort
  /// Of the whole announcement: attempt, plan and cohort.
  let announcementDigest: [UInt8]

  init(_ announcement: Announcement, cohort: Cohort) {
    attempt = announcement.attempt
    self.cohort = cohort
    announcementDigest = Array(SHA256.hash(data: announcement.bytes))
  }

  var derivation: KeyDerivation { KeyDerivation(attempt: attempt) }

  /// Stands for all keys that were advertised: who is present and, in their order, what they advertised.
  func keysDigest(present: MemberSet, leaves: some Sequence<[UInt8]>) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: Array("tacit secure aggregation 1: keys".utf8))
    hash.update(data: announcementDigest)
    hash.update(data: present.bytes)
    for leaf in leaves { hash.update(data: leaf) }
    return Array(hash.finalize())
  }

  /// What a client signs when it agrees to a list of survivors.
  func agreementText(keysDigest: [UInt8], survivors: MemberSet) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(text: "tacit secure aggregation 1: survivors")
    writer.append(announcementDigest)
    writer.append(keysDigest)
    writer.append(survivors.bytes)
    return writer.bytes
  }
}

/// ECDSA over P-256 with SHA-256, signatures of 64 bytes.
enum Signatures {
  static let byteCount = 64

  static func sign(_ text: [UInt8], with key: P256.Signing.PrivateKey) throws(SecureAggregationError) -> [UInt8] {
    do {
      return Array(try key.signature(for: text).rawRepresentation)
    } catch {
      throw .malformed(nil, reason: "the long-term key cannot sign")
    }
  }

  static func isValid(_ signature: [UInt8], on text: [UInt8], by key: P256.Signing.PublicKey) -> Bool {
    guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
    return key.isValidSignature(signature, for: text)
  }
}
