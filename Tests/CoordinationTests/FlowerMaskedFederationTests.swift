import Arithmetic
import Coordination
import Crypto
import Datasets
import Federation
import Flower
import Foundation
import Learning
import SecureAggregation
import Tensors
import TestSupport
import Testing

/// The example's ServerApp adds what it does not see.
@Suite(.serialized, .enabled(FlowerPrograms.absence) { await FlowerPrograms.here != nil })
struct FlowerMaskedFederationTests {
  /// Who says nothing any more from a stage on, and whose reply to one is spoilt in its last byte.
  struct Case: Sendable, CustomTestStringConvertible {
    var clients = 7
    var bits = 20
    var leaving: [String: MessageKind] = [:]
    var spoilt: [String: MessageKind] = [:]
    /// Whose values should be in the sum; `nil` where nothing opens.
    var contributors: [String]?
    var failure = ""

    var testDescription: String { "\(clients) \(bits) \(leaving) \(spoilt)" }
  }

  static let cases: [Case] = [
    Case(contributors: ["c0", "c1", "c2", "c3", "c4", "c5", "c6"]),
    Case(clients: 3, bits: 40, contributors: ["c0", "c1", "c2"]),
    Case(leaving: ["c1": .advertisement, "c4": .shares], contributors: ["c0", "c2", "c3", "c5", "c6"]),
    Case(leaving: ["c0": .maskedInput, "c6": .maskedInput], contributors: ["c1", "c2", "c3", "c4", "c5"]),
    Case(
      bits: 40, leaving: ["c3": .maskedInput, "c5": .agreement], contributors: ["c0", "c1", "c2", "c4", "c5", "c6"]),
    Case(leaving: ["c2": .unmasking], contributors: ["c0", "c1", "c2", "c3", "c4", "c5", "c6"]),
    Case(spoilt: ["c2": .advertisement], contributors: ["c0", "c1", "c3", "c4", "c5", "c6"]),
    Case(spoilt: ["c2": .agreement], contributors: ["c0", "c1", "c2", "c3", "c4", "c5", "c6"]),
    Case(
      leaving: ["c0": .maskedInput, "c1": .maskedInput, "c2": .maskedInput],
      failure: "4 workers are left where 5 are needed"),
    Case(spoilt: ["c0": .unmasking], failure: "do not fit together"),
  ]

  /// Oracle: the sum of the inputs. The clients are ours, the server is the example's, in Python.
  @Test(arguments: cases) func theExamplesServerUnmasksWhatOurClientsMask(_ example: Case) async throws {
    let names = (0..<example.clients).map { "c\($0)" }
    var random = SeedTree(seed: 3).generator()
    // More than one piece of the example's unpacking.
    let plan = try AggregationPlan(
      clientCount: names.count, vectorLength: 9001, valueBits: example.bits,
      context: [1, 2, 3])
    let keys = Dictionary(uniqueKeysWithValues: names.map { ($0, P256.Signing.PrivateKey()) })
    let roster = Dictionary(uniqueKeysWithValues: keys.map { (ClientID($0.key), $0.value.publicKey) })
    var inputs: [String: [UInt64]] = [:]
    var clients: [String: AggregationClient] = [:]
    for name in names {
      let input = (0..<plan.vectorLength).map { _ in random.next() & plan.largestValue }
      inputs[name] = input
      clients[name] = try AggregationClient(
        client: ClientID(name), signingKey: try #require(keys[name]), roster: roster, plan: plan, input: input,
        record: MemoryUnmaskingRecord())
    }
    let server = try FlowerServerHalf(
      try #require(await FlowerPrograms.here),
      .init(
        keys: keys.mapValues { $0.publicKey.x963Representation.base64EncodedString() }, values: plan.vectorLength,
        bits: plan.valueBits, minimum: plan.minimumClients, context: Data(plan.context).base64EncodedString()))
    var word = try server.hear()
    var gone: Set<String> = []
    for stage in [MessageKind.advertisement, .shares, .maskedInput, .agreement, .unmasking] {
      guard let messages = word.messages else { break }
      var replies: [String: String] = [:]
      for (name, text) in messages {
        if example.leaving[name] == stage { gone.insert(name) }
        guard !gone.contains(name),
          var reply = try clients[name]?.answer([UInt8](try #require(Data(base64Encoded: text))))
        else {
          continue
        }
        if example.spoilt[name] == stage { reply[reply.count - 1] ^= 1 }
        replies[name] = Data(reply).base64EncodedString()
      }
      try server.say(replies)
      word = try server.hear()
    }
    #expect(word.names == example.contributors)
    #expect(word.failed?.contains(example.failure) == (example.contributors == nil ? true : nil), "\(word)")
    #expect(word.refusals?.isEmpty == example.spoilt.filter { $0.value != .unmasking }.isEmpty)
    guard let contributors = example.contributors else { return }
    var expected = [UInt64](repeating: 0, count: plan.vectorLength)
    for name in contributors {
      for (index, value) in try #require(inputs[name]).enumerated() { expected[index] += value }
    }
    #expect(word.sums == expected)
  }

  /// Two workers as nodes under TLS and one beside a SuperNode, two rounds of masked sums. Oracle: our own coordinator's masked rounds
  /// of the same workers; they differ by a step of the fixed point at most. Then who is not let in, and who does not trust.
  @Test(.timeLimit(.minutes(15))) func maskedRoundsUnderTLSAreOurMaskedRounds() async throws {
    let job = Federations.job("rounds: 2, localEpochs: 2, aggregation: masked, minimumClients: 3")
    let tables = try Federations.tables()
    let keys = Dictionary(uniqueKeysWithValues: tables.map { ($0.name, P256.Signing.PrivateKey()) })
    let roster = Dictionary(uniqueKeysWithValues: keys.map { (ClientID($0.key), $0.value.publicKey) })
    let flower = try await FlowerProcesses(tls: true)
    let certificates = try #require(flower.certificates)
    let initial = flower.folder.appending(path: "initial")
    try FlowerFederationTests.writeWeights(to: initial, job: job)
    try await flower.startSuperLink()
    let answers = try tables.map { name, rows -> MessageAnswering in
      let worker = try FlowerWorker(
        name: name, rows: rows, policy: WorkerPolicy(aggregations: [.masked]), job: job,
        masking: FlowerMasking(key: try #require(keys[name]), roster: roster), logger: Federations.quiet)
      return { await worker.answer($0) }
    }
    let pin = try Self.fingerprint(certificates.certificate)
    var tasks: [Task<Void, any Error>] = []
    defer { for task in tasks { task.cancel() } }
    for index in 0..<2 {
      let node = try FleetNode(
        address: flower.address, trust: try .tls(roots: certificates.authority, pins: [pin]),
        key: try .load(from: try await flower.registeredKey(tables[index].name)), logger: Federations.quiet,
        answer: answers[index])
      tasks.append(Task { try await node.run() })
    }
    let resident = try ResidentApp(
      supernode: try await flower.startSuperNode(key: try await flower.registeredKey("c")), logger: Federations.quiet,
      answer: answers[2])
    tasks.append(Task { try await resident.run() })
    let figures = try await flower.run([
      ("rounds", "2"), ("nodes", "3"), ("local-epochs", "2"), ("batch-size", "8"), ("masked", "true"),
      ("most-rows", "90"), ("initial", "\"\(initial.path)\""),
    ])
    #expect(figures.train.values.allSatisfy { $0["contributors"] == 3 }, "\(figures) \(flower.words)")
    let own = try await Federations.run(job, tables: tables)
    let expected = own.rounds.map(\.metrics).dropFirst().map(\.loss) + [own.outcome.metrics.loss]
    for (index, loss) in expected.enumerated() {
      let theirs = try #require(figures.evaluate["\(index + 1)"]?["loss"])
      // A step of the sum of losses over 30 rows.
      #expect(abs(theirs - (try #require(loss))) < 90 * 256 / 0x1p19 / 30 + 1e-6)
    }
    let layout = WeightLayout(try ModelDescription(layers: try Job.parse(job).model.layers, inputShape: [4]))
    for entry in layout.entries {
      let theirs = try NPY.read(path: flower.output.appending(path: "\(entry.name).npy").path)
      let ours = own.weights[entry.offset..<entry.offset + entry.shape.count]
      #expect(zip(theirs.scalars, ours).allSatisfy { abs($0 - $1) < 2e-5 }, "\(entry.name)")
    }
    try await Self.checkRefusals(flower, certificates)
  }

  private static func fingerprint(_ path: String) throws -> [UInt8] {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let base = text.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
    return Array(SHA256.hash(data: try #require(Data(base64Encoded: base))))
  }

  private static func checkRefusals(_ flower: FlowerProcesses, _ certificates: FlowerProcesses.Certificates)
    async throws
  {
    let stranger = flower.folder.appending(path: "stranger.key").path
    try FlowerKeys.write(to: stranger)
    let other = flower.folder.appending(path: "other.pem").path
    try WebAuthority().save(to: other)
    let roots = certificates.authority
    let cases: [(SuperLinkTrust, NodeKey, String)] = [
      (try .tls(roots: roots), try .load(from: stranger), "does not accept this node's key"),
      (try .tls(roots: roots), .fresh(), "takes in registered nodes only"),
      (try .tls(roots: other), try .load(from: stranger), "is not trusted"),
      (try .tls(roots: roots, pins: [[UInt8](repeating: 0, count: 32)]), try .load(from: stranger), "is not trusted"),
    ]
    for (trust, key, words) in cases {
      let node = try FleetNode(address: flower.address, trust: trust, key: key, logger: Federations.quiet) { _ in
        .error(code: 2, reason: "never asked")
      }
      let error = await #expect(throws: FlowerError.self) { try await node.run() }
      let sentence = try #require(error.map { "\($0)" })
      #expect(sentence.contains(words) && !sentence.contains("\n"), "\(sentence)")
    }
  }
}
