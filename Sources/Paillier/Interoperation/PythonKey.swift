public import Foundation

/// Keys as `pheutil` of python-paillier writes them: JSON after the manner of JSON Web Keys, numbers in base64url with
/// their highest byte first.
///
/// - Source: python-paillier 1.5.0, `command_line.py` (`genpkey`, `extract`) and `util.py`.
public enum PythonKey {
  private static let type = "DAJ"
  private static let algorithm = "PAI-GN1"

  private struct Public: Codable {
    var kty: String
    var alg: String
    var operations: [String]
    var n: String
    var kid: String

    enum CodingKeys: String, CodingKey {
      case kty, alg, n, kid
      case operations = "key_ops"
    }
  }

  private struct Private: Codable {
    var kty: String
    var operations: [String]
    var p: String
    var q: String
    var pub: Public
    var kid: String

    enum CodingKeys: String, CodingKey {
      case kty, p, q, pub, kid
      case operations = "key_ops"
    }
  }

  /// The file that `pheutil encrypt` reads. It has no place for the short base.
  public static func json(of key: PublicKey, comment: String) throws -> Data {
    try encoder.encode(form(of: key, comment: comment))
  }

  /// The file that `pheutil decrypt` reads: the key's owner must keep it to himself.
  public static func json(of key: PrivateKey, comment: String) throws -> Data {
    try encoder.encode(
      Private(
        kty: type, operations: ["decrypt"], p: base64(key.p.prime), q: base64(key.q.prime),
        pub: form(of: key.publicKey, comment: comment), kid: comment))
  }

  /// Reads a public key, which then has no short base.
  public static func publicKey(json: Data) throws(PaillierError) -> PublicKey {
    try publicKey(json: json, size: .secure)
  }

  /// Reads a private key, whose short base is made anew if its primes suit one.
  public static func privateKey(json: Data) throws(PaillierError) -> PrivateKey {
    try privateKey(json: json, size: .secure)
  }

  package static func publicKey(json: Data, size: KeySize) throws(PaillierError) -> PublicKey {
    try publicKey(of: decode(Public.self, from: json), size: size)
  }

  package static func privateKey(json: Data, size: KeySize) throws(PaillierError) -> PrivateKey {
    let form = try decode(Private.self, from: json)
    guard form.kty == type, form.operations.contains("decrypt") else { throw malformed("it is not of type \(type)") }
    let publicKey = try publicKey(of: form.pub, size: size)
    let p = try number(form.p)
    let q = try number(form.q)
    guard p * q == publicKey.modulus else { throw malformed("its primes do not make its modulus") }
    return try PrivateKey(p, q, size: size)
  }

  private static func publicKey(of form: Public, size: KeySize) throws(PaillierError) -> PublicKey {
    guard form.kty == type, form.alg == algorithm else { throw malformed("it is not of type \(type), \(algorithm)") }
    return try PublicKey(modulus: number(form.n), shortBase: nil, size: size)
  }

  private static func form(of key: PublicKey, comment: String) -> Public {
    Public(kty: type, alg: algorithm, operations: ["encrypt"], n: base64(key.modulus), kid: comment)
  }

  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return encoder
  }

  private static func decode<Form: Decodable>(_ form: Form.Type, from json: Data) throws(PaillierError) -> Form {
    do { return try JSONDecoder().decode(form, from: json) } catch {
      throw malformed("it is not the JSON that pheutil writes")
    }
  }

  private static func malformed(_ reason: String) -> PaillierError {
    .malformed(what: "a key of python-paillier", reason: reason)
  }

  private static func base64(_ number: BigInteger) -> String {
    Data(number.littleEndianBytes(count: (number.bitCount + 7) / 8).reversed()).base64EncodedString()
      .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  private static func number(_ text: String) throws(PaillierError) -> BigInteger {
    let padded =
      text.replacing("-", with: "+").replacing("_", with: "/") + String(repeating: "=", count: (4 - text.count % 4) % 4)
    guard text.utf8.count <= 4096, let data = Data(base64Encoded: padded) else {
      throw malformed("a number is not in base64url")
    }
    return BigInteger(littleEndian: data.reversed())
  }
}
