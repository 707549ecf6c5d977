import Crypto
import Foundation
import SecureAggregation
import Testing

@Suite struct PlanTests {
  /// w = ⌈log₂(n(2^B − 1) + 1)⌉ (Bonawitz et al., section 7), also at the edges of a power of two.
  @Test(arguments: [
    (1024, 16, 26), (16_384, 16, 30), (2, 1, 2), (3, 1, 2), (4, 1, 3), (100_000, 32, 49), (2, 31, 32), (3, 31, 33),
    (500, 16, 25), (1024, 53, 63), (2, 53, 54),
  ]) func modulus(clients: Int, bits: Int, expected: Int) throws {
    let plan = try AggregationPlan(clientCount: clients, vectorLength: 10, valueBits: bits)
    #expect(plan.modulusBits == expected)
    #expect(plan.vectorByteCount == (10 * expected + 7) / 8)
  }

  @Test(arguments: 2...40) func thresholdsOfTwoThirdsOrLessAreRefused(clients: Int) throws {
    for threshold in 0...clients + 1 {
      let plan = try? AggregationPlan(
        clientCount: clients, vectorLength: 1, valueBits: 1, topology: .complete(threshold: threshold))
      #expect((plan != nil) == (3 * threshold > 2 * clients && threshold <= clients))
    }
    let usual = try AggregationPlan(clientCount: clients, vectorLength: 1, valueBits: 1)
    #expect(usual.threshold == 2 * clients / 3 + 1)
  }

  @Test func impossiblePlansAreRefused() throws {
    let graph = try RegularGraph.smallest(clients: 300, under: .init(corrupted: 0.05, dropouts: 0.1))
    let plans: [() throws -> AggregationPlan] = [
      { try AggregationPlan(clientCount: 1, vectorLength: 1, valueBits: 1) },
      { try AggregationPlan(clientCount: 100_001, vectorLength: 1, valueBits: 1) },
      { try AggregationPlan(clientCount: 3, vectorLength: 0, valueBits: 1) },
      { try AggregationPlan(clientCount: 3, vectorLength: 1, valueBits: 0) },
      { try AggregationPlan(clientCount: 3, vectorLength: 1, valueBits: 54) },
      { try AggregationPlan(clientCount: 1025, vectorLength: 1, valueBits: 53) },
      { try AggregationPlan(clientCount: 3, vectorLength: 1, valueBits: 1, minimumClients: 1) },
      { try AggregationPlan(clientCount: 3, vectorLength: 1, valueBits: 1, minimumClients: 4) },
      { try AggregationPlan(clientCount: 301, vectorLength: 1, valueBits: 1, topology: .regular(graph)) },
    ]
    for plan in plans { #expect(throws: SecureAggregationError.self) { try plan() } }
  }

  @Test func inputsAreChecked() throws {
    let plan = try AggregationPlan(clientCount: 3, vectorLength: 3, valueBits: 4)
    #expect(throws: SecureAggregationError.outOfRange(coordinate: 1)) {
      try Simulation(plan, inputs: [[15, 16, 17], [0, 0, 0], [0, 0, 0]])
    }
    #expect(throws: SecureAggregationError.wrongLength(expected: 3, given: 2)) {
      try Simulation(plan, inputs: [[15, 15]])
    }
    let simulation = try Simulation(plan, inputs: [[0, 0, 0]])
    let name = simulation.names[0]
    let key = try #require(simulation.keys[name])
    #expect(throws: SecureAggregationError.outOfRange(coordinate: 2)) {
      try AggregationClient(
        client: name, signingKey: key, roster: simulation.roster, plan: plan, input: [1, 2, 16] as [UInt32],
        record: MemoryUnmaskingRecord())
    }
    #expect(throws: SecureAggregationError.stranger(name)) {
      try AggregationClient(
        client: name, signingKey: P256.Signing.PrivateKey(), roster: simulation.roster, plan: plan,
        input: [1, 2, 3] as [UInt32], record: MemoryUnmaskingRecord())
    }
    #expect(throws: SecureAggregationError.badName("no good")) {
      var roster = simulation.roster
      roster["no good"] = roster.removeValue(forKey: simulation.names[0])
      _ = try AggregationServer(plan: plan, roster: roster, cohort: Array(roster.keys))
    }
    #expect(throws: SecureAggregationError.stranger("mallory")) {
      _ = try AggregationServer(
        plan: plan, roster: simulation.roster, cohort: simulation.names.dropLast() + ["mallory"])
    }
  }

  @Test func recordsOnDiskLast() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("record-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("answered").path
    let attempts = [AttemptID(), AttemptID(), AttemptID()]
    do {
      let record = try FileUnmaskingRecord(path: path)
      try record.note(attempts[0])
      try record.note(attempts[1])
      #expect(throws: SecureAggregationError.alreadyAnswered(attempts[0])) { try record.note(attempts[0]) }
      #expect(throws: SecureAggregationError.record(reason: "\(path) is in use by another process")) {
        _ = try FileUnmaskingRecord(path: path)
      }
    }
    // A line that a loss of power cut off.
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(attempts[2].bytes.prefix(5)))
    try handle.close()
    let again = try FileUnmaskingRecord(path: path)
    #expect(throws: SecureAggregationError.alreadyAnswered(attempts[1])) { try again.note(attempts[1]) }
    try again.note(attempts[2])
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(attempts.flatMap(\.bytes)))
    #expect(throws: SecureAggregationError.self) { _ = try FileUnmaskingRecord(path: folder.path + "/no/where") }
  }

  /// Every refusal says what and what to do in one sentence.
  @Test func errorsAreSentences() {
    let errors: [SecureAggregationError] = [
      .tooFewClients(left: 1, threshold: 2), .tooFewNeighbours(of: "a", left: 1, threshold: 2), .plan(reason: "x"),
      .badName("b"), .stranger("c"), .planMismatch, .wrongLength(expected: 1, given: 2), .outOfRange(coordinate: 3),
      .badWeight(largest: 4), .malformed(nil, reason: "y"), .malformed(.shares, reason: "y"), .wrongAttempt(.shares),
      .unexpected(.shares, expected: nil), .unexpected(.shares, expected: .delivery), .duplicate(.shares),
      .badSignature(of: "d", on: .agreement), .misrepresented("e", in: .keyList), .unreadableShares(from: "f"),
      .impossibleSurvivors, .wrongSecret(of: "g"), .alreadyAnswered(AttemptID()), .record(reason: "z"), .abandoned,
    ]
    #expect(Set(errors.map(\.description)).count == errors.count)
    for error in errors { #expect(!error.description.hasSuffix(".") && !error.description.contains("\n")) }
  }
}
