import Arithmetic
import Datasets
import Foundation
import Graphs
import Identity
import Processes
import Serving
import Sharing
import Tensors
import TestSupport
import Testing

/// The page's modules against the Swift client: the same encoding, keystreams, parcels, preprocessing and sealing.
@Suite struct VectorTests {
  private static let node = ["/usr/bin/node", "/usr/local/bin/node"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  private struct Vectors: Encodable {
    struct Sealing: Encodable {
      var share: String
      var partyKey: String
      var party: Int
      var model: String
      var query: String
    }

    var numbers: [Float]
    var fractionBits: Int
    var words: [String]
    var keys: [String]
    var preprocessing: Preprocessing
    var inputRange: InputRange
    var rows: [[String: String?]]
    var outputs: [[Double]]
    var sealing: Sealing
  }

  private struct Results: Decodable {
    struct Outcome<Value: Decodable>: Decodable {
      var value: Value?
      var error: String?
    }
    struct Label: Decodable {
      var label: String
      var probability: Double
    }
    struct Sealed: Decodable {
      var key: String
      var box: String
    }

    var encoded: [Outcome<String>]
    var decoded: [Double]
    var stream: [String]
    var parcels: [String]
    var total: [String]
    var inputs: [Outcome<[Float]>]
    var outcomes: [Label]
    var sealed: Sealed
  }

  /// Ties, both signs, the ends of the domain and what lies beyond, and numbers drawn at random.
  private static let numbers: [Float] =
    [
      0, -0.0, 1, -1, 0.5, 1 / 131_072, -1 / 131_072, 3 / 131_072, -3 / 131_072, 1e-9, 12_345.678, 7.0368744e13,
      -7.0368739e13, 7.036873e13, 3e38, .leastNonzeroMagnitude,
    ] + SmallModels.numbers([64]).scalars

  private static func preprocessing() throws -> Preprocessing {
    try Preprocessing(
      features: [
        FittedFeature(
          name: "age",
          encoding: .numeric(
            NumericEncoding(mean: 31.57, deviation: 11.83, range: try PublicRange(0, 100), missing: .mean))),
        FittedFeature(
          name: "income",
          encoding: .numeric(
            NumericEncoding(
              mean: 7.1, deviation: 1.9, range: try PublicRange(1, 1e6, scale: .logarithmic), missing: .mean))),
        FittedFeature(
          name: "years",
          encoding: .numeric(NumericEncoding(mean: 2.2, deviation: 3.3, range: nil, missing: .meanWithIndicator))),
        FittedFeature(
          name: "home",
          encoding: .categorical(
            CategoricalEncoding(categories: ["a", "b b", "ü"], missing: .ownCategory, unknown: .refused))),
        FittedFeature(
          name: "bank",
          encoding: .categorical(CategoricalEncoding(categories: ["u", "y"], missing: .refused, unknown: .allZeros))),
      ], targetTransform: TargetTransform(name: "A16", kind: .binary(negative: "-", positive: "+")))
  }

  private static let rows: [[String: String?]] = [
    ["age": "30.83", "income": "1234.5", "years": "1.25", "home": "b b", "bank": "y"],
    ["age": "1e2", "income": "-3", "years": "-7", "home": "ü", "bank": "u"],
    ["age": nil, "years": nil, "home": nil, "bank": "other"],
    ["age": "170", "income": "2e9", "years": "0.1", "home": "a", "bank": "u"],
    ["age": "1", "years": "1", "home": "zz", "bank": "u"], ["age": "1", "years": "1", "home": "a", "bank": nil],
    ["age": "1,5", "years": "1", "home": "a", "bank": "u"], ["age": "0x10", "years": "1", "home": "a", "bank": "u"],
    ["age": ".5", "years": "+1e-1", "home": "a", "bank": "u"], ["age": "1", "years": "4000", "home": "a", "bank": "u"],
  ]

  private func run(_ vectors: Vectors) throws -> Results {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let modules = tests.deletingLastPathComponent().appendingPathComponent("Sources/Pages/Resources")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.node))
    process.arguments = ["--no-warnings", tests.appendingPathComponent("Golden/page_vectors.mjs").path, modules.path]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    input.fileHandleForWriting.write(try JSONEncoder().encode(vectors))
    try input.fileHandleForWriting.close()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilGone()
    return try JSONDecoder().decode(Results.self, from: data)
  }

  /// Oracle: this package's client, bit by bit; features too, but for logarithms, which may differ in the last place.
  @Test(.enabled(if: node != nil, "no Node.js on this machine: apt-get install nodejs lets this test run"))
  func modulesDoAsTheSwiftClient() throws {
    let fixed = FixedPoint(fractionBits: 16)
    let words = SecureRandom.words(33)
    let key = try PageKey.open(storage: nil, party: 2)
    let share = SecureRandom.bytes(301)
    let keys = (0..<2).map { _ in SecureRandom.bytes(16) }
    // The first ends exactly where the largest number of its column does.
    let highest = Float((100 - 31.57) / 11.83)
    let range = try InputRange(
      low: [-10, -10, -100, 0, 0, 0, 0, 0, 0, 0], high: [highest, 10, 100, 1, 1, 1, 1, 1, 1, 1])
    let results = try run(
      Vectors(
        numbers: Self.numbers, fractionBits: 16, words: words.map { "\($0)" },
        keys: keys.map { Data($0).base64EncodedString() }, preprocessing: try Self.preprocessing(), inputRange: range,
        rows: Self.rows, outputs: [[0.25], [0.75]],
        sealing: .init(
          share: Data(share).base64EncodedString(), partyKey: Data(key.publicBytes).base64EncodedString(), party: 2,
          model: "credit@1#2", query: "q-1")))

    for (number, found) in zip(Self.numbers, results.encoded) {
      #expect(found.value == (try? fixed.encode([number])[0]).map { "\($0)" }, "\(number)")
    }
    #expect(results.decoded.map { Float($0) } == fixed.decode(words))
    let streams = keys.map { PseudorandomGenerator(key: $0).words(count: words.count, counterHigh: 0, counterLow: 0) }
    #expect(results.stream == streams[0].map { "\($0)" })
    #expect(results.total == words.map { "\($0 &* 3)" })

    let missing = words.indices.map { words[$0] &- streams[0][$0] &- streams[1][$0] }
    let rest = missing.withUnsafeBytes { Array($0) }
    let parcels: [[UInt8]] = [[3] + keys[0] + keys[1], [2] + keys[1] + rest, [1] + keys[0] + rest]
    #expect(results.parcels == parcels.map { Data($0).base64EncodedString() })

    try checkInputs(results.inputs)
    #expect(results.outcomes.map(\.label) == ["-", "+"])

    let secret = try key.agree(with: bytes(results.sealed.key), model: "credit@1#2", query: "q-1")
    #expect(try secret.open(bytes(results.sealed.box)) == share)
    // A box that is brought elsewhere, or changed, does not open.
    for (model, query) in [("credit@1#3", "q-1"), ("credit@1#2", "q-2")] {
      let other = try key.agree(with: bytes(results.sealed.key), model: model, query: query)
      #expect(throws: ServingError.self) { try other.open(bytes(results.sealed.box)) }
    }
    var changed = try bytes(results.sealed.box)
    changed[7] ^= 1
    #expect(throws: ServingError.self) { try secret.open(changed) }
  }

  private func checkInputs(_ found: [Results.Outcome<[Float]>]) throws {
    let preprocessing = try Self.preprocessing()
    let names = preprocessing.features.map(\.name)
    for (row, outcome) in zip(Self.rows, found) {
      let table = try Table(name: "row", columnNames: names, columns: names.map { [row[$0] ?? nil] })
      let expected = try? preprocessing.transform(table).scalars
      if expected?[2] ?? 0 > 100 {
        #expect(outcome.error == "years")
      } else {
        let fits = zip(outcome.value ?? [], expected ?? []).allSatisfy { abs($0 - $1) <= $1.ulp }
        #expect(fits && outcome.value?.count == expected?.count, "\(row)")
        #expect((outcome.error == nil) == (expected != nil))
      }
    }
  }

  private func bytes(_ text: String) throws -> [UInt8] { [UInt8](try #require(Data(base64Encoded: text))) }
}
