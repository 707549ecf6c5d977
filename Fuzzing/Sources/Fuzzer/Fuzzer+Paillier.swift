import Foundation
import Paillier

/// Keys, shares and vectors under Paillier's encryption, from files and messages.
extension Fuzzer {
  private static let key = Result {
    try ThresholdKey.deal(bitCount: 512, threshold: 2, holders: 3, size: .insecureForTests)
  }

  static func paillierKey(_ bytes: [UInt8]) {
    if let key = try? PublicKey(encoded: bytes, size: .insecureForTests) { precondition(key.encoded == bytes) }
    if let key = try? PrivateKey(encoded: bytes, size: .insecureForTests) { precondition(key.encoded == bytes) }
    if let key = try? ThresholdKey(encoded: bytes, size: .insecureForTests) { precondition(key.encoded == bytes) }
    if let share = try? KeyShare(encoded: bytes, size: .insecureForTests) { precondition(share.encoded == bytes) }
    _ = try? PythonKey.publicKey(json: Data(bytes), size: .insecureForTests)
    _ = try? PythonKey.privateKey(json: Data(bytes), size: .insecureForTests)
  }

  /// Behind the mark and the fingerprint of a key made now, which no corpus can know.
  static func ciphertext(_ bytes: [UInt8]) {
    guard let key = try? key.get().key.publicKey,
      let layout = try? PackingLayout(keyBits: 512, valueBits: 16, summandLimit: 4)
    else { return }
    let message = Array("TPV1".utf8) + key.fingerprint + bytes
    for count in [1, 40] {
      guard let packed = try? PackedCiphertext(encoded: message, under: key, layout: layout, valueCount: count) else {
        continue
      }
      precondition(packed.encoded == message)
    }
    _ = try? PythonNumber(json: Data(bytes), under: key)
  }
}
