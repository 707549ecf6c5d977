public import Foundation

/// An encrypted number of python-paillier: a ciphertext of a whole number, and the power of 16 that it counts, in the
/// clear.
///
/// Its JSON is `{"v": "ciphertext in decimal digits", "e": exponent}`.
///
/// - Source: python-paillier 1.5.0, `encoding.py` and `command_line.py` (`encrypt`, `decrypt`).
public struct PythonNumber: Sendable, Equatable {
  public let ciphertext: Ciphertext
  public let exponent: Int

  public init(ciphertext: Ciphertext, exponent: Int) {
    self.ciphertext = ciphertext
    self.exponent = exponent
  }

  /// Encrypts a whole number, with exponent 0.
  public init(_ value: Int, under key: PublicKey) throws(PaillierError) {
    self.init(ciphertext: try key.encrypt(BigInteger(value)), exponent: 0)
  }

  /// Encrypts a real number without rounding. The exponent tells its size; python-paillier does the same.
  public init(_ value: Double, under key: PublicKey) throws(PaillierError) {
    guard value.isFinite else { throw .valueOutOfRange(index: 0, bound: Double.greatestFiniteMagnitude) }
    // The lowest of 53 bits counts 2^low; a power of 16 not above it makes the number whole.
    let low = value.isZero ? -53 : Int(value.exponent) - 52
    let exponent = Int((Double(low) / 4).rounded(.down))
    let mantissa = BigInteger(Int(scalbn(value.significand, 52)) * (value.sign == .minus ? -1 : 1))
    self.init(ciphertext: try key.encrypt(mantissa * .powerOfTwo(low - 4 * exponent)), exponent: exponent)
  }

  private struct Form: Codable {
    var v: String
    var e: Int
  }

  /// The JSON that `pheutil decrypt` reads.
  public var json: Data {
    get throws { try JSONEncoder().encode(Form(v: ciphertext.value.decimal, e: exponent)) }
  }

  /// Reads the JSON that `pheutil encrypt` writes.
  public init(json: Data, under key: PublicKey) throws(PaillierError) {
    guard json.count <= 16384, let form = try? JSONDecoder().decode(Form.self, from: json),
      let value = BigInteger(decimal: form.v), (-4096...4096).contains(form.e)
    else {
      throw .malformed(what: "an encrypted number of python-paillier", reason: "it is not the JSON that pheutil writes")
    }
    self.init(ciphertext: try Ciphertext(value, under: key), exponent: form.e)
  }
}

extension PrivateKey {
  /// The whole number and the power of 16 that it counts. Beyond n/3 python-paillier calls it an overflow, and so do
  /// we.
  public func decrypt(_ number: PythonNumber) throws(PaillierError) -> (mantissa: BigInteger, exponent: Int) {
    let mantissa = decrypt(number.ciphertext)
    guard mantissa.magnitude < publicKey.modulus.quotient(by: 3) else { throw .undecodable(ciphertext: 0) }
    return (mantissa, number.exponent)
  }

  /// The nearest `Double` to the number.
  public func decryptReal(_ number: PythonNumber) throws(PaillierError) -> Double {
    let (mantissa, exponent) = try decrypt(number)
    guard exponent < 0 else { return (mantissa * .powerOfTwo(4 * exponent)).nearestDouble }
    return scalbn(mantissa.nearestDouble, 4 * exponent)
  }
}
