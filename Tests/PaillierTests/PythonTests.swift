import Foundation
import Paillier
import Processes
import Testing

/// Against python-paillier. Oracle: Tests/Golden/paillier.json, made by Scripts/golden-paillier; and the package itself
/// where `PHE_PYTHON` names a Python that has it.
@Suite struct PythonTests {
  private struct Golden: Decodable {
    struct Number: Decodable {
      var v: String
      var e: Int
    }
    struct Integer: Decodable {
      var plain: String
      var encrypted: Number
    }
    struct Real: Decodable {
      var plain: Double
      var encrypted: Number
    }
    struct Encoding: Decodable {
      var plain: Double
      var encoding: String
      var exponent: Int
    }
    var integers: [Integer]
    var reals: [Real]
    var encodings: [Encoding]
  }

  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func golden() throws -> (PrivateKey, Golden) {
    let data = try Data(contentsOf: root.appending(path: "Tests/Golden/paillier.json"))
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let keyData = try JSONSerialization.data(withJSONObject: try #require(object["key"]))
    return (try PythonKey.privateKey(json: keyData), try JSONDecoder().decode(Golden.self, from: data))
  }

  private static func number(_ number: Golden.Number, _ key: PublicKey) throws -> PythonNumber {
    try PythonNumber(json: Data("{\"v\": \"\(number.v)\", \"e\": \(number.e)}".utf8), under: key)
  }

  @Test func itsNumbersDecrypt() throws {
    let (key, golden) = try Self.golden()
    for integer in golden.integers {
      let (mantissa, exponent) = try key.decrypt(Self.number(integer.encrypted, key.publicKey))
      #expect(mantissa.decimal == integer.plain && exponent == 0)
    }
    for real in golden.reals {
      #expect(try key.decryptReal(Self.number(real.encrypted, key.publicKey)) == real.plain)
    }
  }

  @Test func realsAreEncodedAlike() throws {
    let (key, golden) = try Self.golden()
    for encoding in golden.encodings {
      let number = try PythonNumber(encoding.plain, under: key.publicKey)
      let (mantissa, exponent) = try key.decrypt(number)
      #expect(mantissa.modulo(key.publicKey.modulus).decimal == encoding.encoding && exponent == encoding.exponent)
      #expect(try key.decryptReal(number) == encoding.plain)
    }
    for real in [Double.leastNonzeroMagnitude, -.leastNormalMagnitude, .greatestFiniteMagnitude] {
      #expect(try key.decryptReal(PythonNumber(real, under: key.publicKey)) == real)
    }
    #expect(throws: PaillierError.self) { try PythonNumber(.nan, under: key.publicKey) }
  }

  @Test func keysAndNumbersComeBack() throws {
    let key = try SmallKeys.privateKey.get()
    let again = try PythonKey.privateKey(json: PythonKey.json(of: key, comment: "test"), size: .insecureForTests)
    let open = try PythonKey.publicKey(
      json: PythonKey.json(of: key.publicKey, comment: "test"), size: .insecureForTests)
    #expect(open.modulus == key.publicKey.modulus && open.shortBase == nil)
    #expect(again.publicKey.shortBase != nil)
    let number = try PythonNumber(json: PythonNumber(-12, under: open).json, under: open)
    #expect(try again.decryptReal(number) == -12)
    #expect(throws: PaillierError.keySize(bits: 512)) {
      try PythonKey.privateKey(json: PythonKey.json(of: key, comment: "test"))
    }
  }

  @Test func otherFilesAreRefused() throws {
    let key = try SmallKeys.privateKey.get()
    let text = String(decoding: try PythonKey.json(of: key, comment: "test"), as: UTF8.self)
    let changes = [
      ("DAJ", "RSA"), ("PAI-GN1", "PAI"), ("decrypt", "encrypt"), ("\"p\"", "\"r\""), ("\"n\":\"", "\"n\":\"*"),
    ]
    for (from, to) in changes {
      let changed = Data(text.replacing(from, with: to).utf8)
      #expect(throws: PaillierError.self, "\(from)") {
        try PythonKey.privateKey(json: changed, size: .insecureForTests)
      }
    }
    #expect(throws: PaillierError.self) { try PythonKey.publicKey(json: Data("{}".utf8)) }
    for json in [
      "", "{}", "{\"v\":\"0\",\"e\":0}", "{\"v\":\"x\",\"e\":0}", "{\"v\":\"5\",\"e\":99999}", "{\"v\":5,\"e\":0}",
    ] {
      #expect(throws: PaillierError.self, "\(json)") { try PythonNumber(json: Data(json.utf8), under: key.publicKey) }
    }
  }

  /// Our key and numbers go to python-paillier, its numbers come back.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["PHE_PYTHON"] != nil))
  func liveExchange() throws {
    struct Form: Codable {
      var v: String
      var e: Int
    }
    struct Result: Decodable {
      var plain: [Double]
      var sum: Form
      var doubled: Form
      var fresh: Form
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: "paillier-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let key = try PrivateKey.generate(bitCount: 2048)
    let values = [0.1, -2.5, 1e-3, 7]
    let numbers = try values.map { try PythonNumber($0, under: key.publicKey) }
    try PythonKey.json(of: key, comment: "live test").write(to: folder.appending(path: "private.json"))
    let list = try numbers.map { String(decoding: try $0.json, as: UTF8.self) }.joined(separator: ",")
    try Data("[\(list)]".utf8).write(to: folder.appending(path: "numbers.json"))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(ProcessInfo.processInfo.environment["PHE_PYTHON"]))
    process.arguments = [Self.root.appending(path: "Scripts/interop-paillier").path, folder.path]
    try process.run()
    process.waitUntilGone()
    #expect(process.terminationStatus == 0)
    let result = try JSONDecoder().decode(Result.self, from: Data(contentsOf: folder.appending(path: "result.json")))
    func open(_ form: Form) throws -> Double {
      try key.decryptReal(PythonNumber(json: JSONEncoder().encode(form), under: key.publicKey))
    }
    #expect(result.plain == values)
    // The sum is exact and rounded once, the other way round as by `+`.
    #expect(abs(try open(result.sum) - values.reduce(0, +)) < 1e-15)
    #expect(try open(result.doubled) == 0.2)
    #expect(try open(result.fresh) == -17.25)
  }
}
