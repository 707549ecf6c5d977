import Crypto
import Foundation
import Serving
import Sharing
import Tensors

/// A page's question to one party, written by docs/SERVING.md with libraries alone.
struct PageQuestion {
  let id: String
  let boxes: [[UInt8]]
  let keys: [[UInt8]]
  private let answerKeys: [SymmetricKey]

  /// - Parameter partyKeys: 65 bytes each.
  init(_ words: RingTensor, id: String, model: String, partyKeys: [[UInt8]]) throws {
    self.id = id
    let parcels = ClusterScheme.replicated.parcels(of: [words])
    var (boxes, keys, answerKeys): ([[UInt8]], [[UInt8]], [SymmetricKey]) = ([], [], [])
    for (party, (parcel, partyKey)) in zip(parcels, partyKeys).enumerated() {
      let own = P256.KeyAgreement.PrivateKey()
      let secret = try own.sharedSecretFromKeyAgreement(with: .init(x963Representation: partyKey))
      let public65 = [UInt8](own.publicKey.x963Representation)
      func key(_ purpose: String) -> SymmetricKey {
        secret.hkdfDerivedSymmetricKey(
          using: SHA256.self, salt: public65 + partyKey,
          sharedInfo: Data("tacit/page/1|\(purpose)|party \(party)|\(model)|\(id)".utf8), outputByteCount: 32)
      }
      let box = try AES.GCM.seal(parcel.bytes, using: key("share"), nonce: Self.nonce)
      boxes.append([UInt8](box.ciphertext) + [UInt8](box.tag))
      keys.append(public65)
      answerKeys.append(key("answer"))
    }
    (self.boxes, self.keys, self.answerKeys) = (boxes, keys, answerKeys)
  }

  private static var nonce: AES.GCM.Nonce {
    get throws { try AES.GCM.Nonce(data: [UInt8](repeating: 0, count: 12)) }
  }

  func control(_ party: Int) -> String {
    #"{"query":{"id":"\#(id)","key":"\#(Data(keys[party]).base64EncodedString())","byteCount":\#(boxes[party].count)}}"#
  }

  func open(_ box: [UInt8], from party: Int) throws -> [UInt64] {
    let sealed = try AES.GCM.SealedBox(nonce: Self.nonce, ciphertext: box.dropLast(16), tag: box.suffix(16))
    let bytes = try AES.GCM.open(sealed, using: answerKeys[party])
    return stride(from: 0, to: bytes.count, by: 8).map { start in
      bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }
}

/// Frames of pages, put together and taken apart by hand.
enum PageFrame {
  static func bytes(_ control: String, body: [UInt8] = []) -> [UInt8] {
    withUnsafeBytes(of: UInt32(control.utf8.count).littleEndian) { Array($0) } + Array(control.utf8) + body
  }

  static func parts(_ message: [UInt8]?) -> (control: String, body: [UInt8]) {
    guard let message, message.count >= 4 else { return ("", []) }
    let length = message[0..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
    return (String(decoding: message.dropFirst(4).prefix(length), as: UTF8.self), Array(message.dropFirst(4 + length)))
  }

  static func hello(_ token: String, model: String = "credit") -> [UInt8] {
    bytes(#"{"hello":{"version":1,"model":"\#(model)","token":"\#(token)"}}"#)
  }
}
