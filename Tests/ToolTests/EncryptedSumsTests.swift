import Foundation
import Testing

extension ToolTests {
  private func mode(_ file: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.appendingPathComponent(file).path)
    return try #require((attributes[.posixPermissions] as? NSNumber)?.intValue)
  }

  @Test func dealsAKeyOnce() throws {
    let arguments = ["dealer", "paillier", "--holders", "3", "--threshold", "2", "--output", "key", "--json"]
    let dealt = try tacit(arguments)
    #expect(dealt.status == 0)
    #expect((try dealt.json()["fingerprint"] as? String)?.count == 32)
    for holder in 1...3 { #expect(try mode("key/holder-\(holder).share") == 0o600) }
    #expect(try mode("key/paillier.key") == 0o644)
    let again = try tacit(arguments)
    #expect(again.status == 2)
    #expect(again.errors.contains("holds a key already"))
    #expect(try tacit("dealer", "paillier", "--holders", "2", "--threshold", "3", "--output", "other").status == 2)
    // Without the word it deals to additive parties, as ever.
    #expect(try tacit("dealer", "--identity", "nowhere", "--cluster", "cluster.yaml").errors.contains("nowhere"))
  }

  /// Three workers, three key-holders and a coordinator as processes, with a key of 2048 bits.
  @Test func trainsOnSumsUnderEncryption() throws {
    var table = "a,b,label\n"
    for row in 0..<120 {
      let (a, b) = (Double(row * 37 % 100) / 100, Double(row * 53 % 90) / 90)
      table += "\(a),\(b),\(a + b > 1 ? "yes" : "no")\n"
    }
    try write("table.csv", table)
    func job(_ aggregation: String) -> String {
      """
      model: {layers: [{dense: 1}, sigmoid]}
      data: {file: table.csv, target: label, test: 0.25}
      training: {batch: 8, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.5}}, seed: 3}
      mode: federated
      federated: {workers: 3, rounds: 3, localEpochs: 3, aggregation: \(aggregation), deadlineSeconds: 30}
      output: run
      """
    }
    try write("paillier.yaml", job("paillier"))
    let run = try tacit("train", "paillier.yaml", "--json", "--record", "seen")
    #expect(run.status == 0, "\(run.errors)")
    let federation = try #require(try run.json()["federation"] as? [String: Any])
    #expect(federation["aggregation"] as? String == "paillier")
    #expect((federation["learns"] as? [String: String])?["key-holder"] != nil)
    #expect((try run.json()["accuracy"] as? Double ?? 0) > 0.8)
    // Round 0, three rounds and a judgement, each opened by two of the three.
    let seen = try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("seen").path)
    #expect(seen.filter { $0.contains("-share-key-holder-") }.count == 10)
  }
}
