import Crypto
import Foundation

/// A client's two shares for one neighbour.
struct SharePair: Sendable {
  let mask: FieldElement
  let seed: FieldElement
}

/// A pair of shares under AES-256-GCM: 64 bytes and a tag of 16.
///
/// Its key serves this one box, so the nonce is constant. Associated data: attempt, digest of all keys, sender,
/// receiver.
enum ShareBox {
  static let byteCount = 2 * FieldElement.byteCount + 16

  static func seal(_ pair: SharePair, key: SymmetricKey, label: [UInt8]) throws(SecureAggregationError) -> [UInt8] {
    do {
      let box = try AES.GCM.seal(pair.mask.bytes + pair.seed.bytes, using: key, nonce: nonce(), authenticating: label)
      return Array(box.ciphertext) + Array(box.tag)
    } catch {
      throw .malformed(.shares, reason: "a box of shares cannot be sealed")
    }
  }

  /// Nil unless the box was sealed by the holder of this key for this purpose.
  static func open(_ bytes: ArraySlice<UInt8>, key: SymmetricKey, label: [UInt8]) -> SharePair? {
    guard
      let box = try? AES.GCM.SealedBox(nonce: nonce(), ciphertext: bytes.dropLast(16), tag: bytes.suffix(16)),
      let text = try? AES.GCM.open(box, using: key, authenticating: label),
      let mask = FieldElement(bytes: text.prefix(FieldElement.byteCount)),
      let seed = FieldElement(bytes: text.dropFirst(FieldElement.byteCount))
    else { return nil }
    return SharePair(mask: mask, seed: seed)
  }

  static func label(context: AttemptContext, keysDigest: [UInt8], sender: Int, receiver: Int) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(context.attempt.bytes)
    writer.append(keysDigest)
    writer.append(UInt32(sender))
    writer.append(UInt32(receiver))
    return writer.bytes
  }

  private static func nonce() throws -> AES.GCM.Nonce { try AES.GCM.Nonce(data: [UInt8](repeating: 0, count: 12)) }
}
