import Coordination
import Foundation
import Learning
import Links
import Paillier
import Testing

@Suite struct PaillierRoundTests {
  /// Far too short keys, any two of three; another one for workers who know another.
  private static let dealt = Result {
    try ThresholdKey.deal(bitCount: 512, threshold: 2, holders: 3, size: .insecureForTests)
  }
  private static let other = Result { try PrivateKey.generate(bitCount: 512, size: .insecureForTests) }

  private static let keys =
    "rounds: 1, localEpochs: 2, minimumClients: 2, quorum: 0.6, valueRange: 4, deadlineSeconds: 20"

  private static func distance(_ a: [Float], _ b: [Float]) -> Float {
    a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 1 : .infinity
  }

  /// The bound of the issue: 2^-15 of the agreed range a coordinate.
  @Test func paillierGivesTheOpenAverage() async throws {
    let open = try await Federations.run(Federations.job(Self.keys + ", aggregation: open"))
    let hidden = try await Federations.run(
      Federations.job(Self.keys + ", aggregation: paillier"),
      policy: WorkerPolicy(smallestCohort: 2, aggregations: [.paillier]), shares: try Self.dealt.get().shares)
    #expect(Self.distance(open.weights, hidden.weights) <= 4 * 0x1p-15)
    #expect(hidden.outcome.rows == 90)
    #expect(hidden.outcome.testRows == 30)
    #expect(hidden.outcome.bytesSent > open.outcome.bytesSent)
  }

  /// What a worker says, in order: it accepts; is ready for sums, and encrypts them; is prepared; has trained, and
  /// encrypts; has judged, and encrypts. In the open it says the same without the second step of each.
  @Test(arguments: zip(1...7, [1, 1, 2, 3, 3, 4, 4]))
  func aWorkerMayDropOutAtEachStage(stage: Int, openStage: Int) async throws {
    @Sendable func gone(at last: Int) -> Relay.Alteration {
      { message, number in number < last ? [message] : [LinkMessage(header: [0x7b, 0xff], body: .none)] }
    }
    let open = await Relay(
      workers: try Federations.tables(), altered: ["b"], database: try Federations.database(), gone(at: openStage))
    let hidden = await Relay(
      workers: try Federations.tables(), altered: ["b"], shares: try Self.dealt.get().shares,
      database: try Federations.database(), gone(at: stage))
    let expected = try await open.run(Federations.job(Self.keys + ", aggregation: open"))
    let result = try await hidden.run(Federations.job(Self.keys + ", aggregation: paillier"))
    #expect(result.rounds.map(\.contributors) == expected.rounds.map(\.contributors))
    #expect(result.rounds.map(\.contributors) == [stage < 6 ? ["a", "c"] : ["a", "b", "c"]])
    #expect(Self.distance(expected.weights, result.weights) <= 4 * 0x1p-15)
    #expect(result.outcome.rows == expected.outcome.rows)
    #expect(result.outcome.testRows == expected.outcome.testRows)
  }

  @Test func tooFewUpdatesStayClosed() async throws {
    let relay = await Relay(
      workers: try Federations.tables(), altered: ["a", "b"], shares: try Self.dealt.get().shares,
      database: try Federations.database()
    ) { message, number in number < 5 ? [message] : [LinkMessage(header: [0x7b, 0xff], body: .none)] }
    let failure = await #expect(throws: JobFailure.self) {
      _ = try await relay.run(Federations.job(Self.keys + ", aggregation: paillier"))
    }
    #expect(failure?.exitCode == 3)
    #expect(failure?.reason.contains("round 1 failed") == true)
  }

  @Test func tooFewKeyHoldersEndTheJob() async throws {
    let failure = await #expect(throws: JobFailure.self) {
      _ = try await Federations.run(
        Federations.job(Self.keys + ", aggregation: paillier"), shares: [try Self.dealt.get().shares[1]])
    }
    #expect(failure?.exitCode == 3)
    #expect(failure?.reason.contains("1 of 2 key-holders") == true)
  }

  /// A holder of whose powers one is another.
  private static func wrongShares(_ shares: [KeyShare]) async throws -> (weights: [Float], rounds: [RoundRecord]) {
    let relay = await Relay(
      workers: try Federations.tables(), altered: ["holder-1"], shares: shares, database: try Federations.database()
    ) { message, _ in
      guard case .bytes(var bytes) = message.body else { return [message] }
      bytes[70] ^= 1
      return [LinkMessage(header: message.header, body: .bytes(bytes))]
    }
    let result = try await relay.run(Federations.job(keys + ", aggregation: paillier"))
    return (result.weights, result.rounds)
  }

  @Test func aWrongShareIsReplacedByAnotherHolders() async throws {
    let result = try await Self.wrongShares(try Self.dealt.get().shares)
    let open = try await Federations.run(Federations.job(Self.keys + ", aggregation: open"))
    #expect(Self.distance(open.weights, result.weights) <= 4 * 0x1p-15)
  }

  @Test func aWrongShareIsNamed() async throws {
    let failure = await #expect(throws: JobFailure.self) {
      _ = try await Self.wrongShares(Array(try Self.dealt.get().shares.prefix(2)))
    }
    #expect(failure?.exitCode == 3)
    #expect(failure?.reason.contains("holder-1: its decryption share is wrong") == true)
  }

  /// A coordinator could hold the key that it names.
  @Test func aWorkerRefusesAKeyThatItsPolicyDoesNotName() async throws {
    let relay = await Relay(
      workers: try Federations.tables(), altered: [], shares: try Self.dealt.get().shares,
      pinned: try Self.other.get().publicKey, database: try Federations.database()
    ) { message, _ in [message] }
    let failure = await #expect(throws: JobFailure.self) {
      _ = try await relay.run(Federations.job(Self.keys + ", aggregation: paillier"))
    }
    #expect(failure?.exitCode == 4)
    #expect(failure?.reason.contains("the policy's paillierKey is") == true)
  }

  @Test func aCoordinatorWithoutAKeySaysSo() async throws {
    let failure = await #expect(throws: JobFailure.self) {
      _ = try await Federations.run(Federations.job(Self.keys + ", aggregation: paillier"))
    }
    #expect(failure?.exitCode == 2)
    #expect(failure?.reason.contains("--paillier-key") == true)
  }

  /// What a coordinator that would read single updates might ask.
  @Test func aKeyHolderOpensSumsOnlyAndOnce() async throws {
    let (key, shares) = try Self.dealt.get()
    let layout = try PackingLayout(keyBits: 512, valueBits: 20, summandLimit: 3)
    let encryptor = try PackedEncryptor(key.publicKey, layout: layout)
    var updates: [PackedCiphertext] = []
    for value in 1...3 { updates.append(try await encryptor.encrypt([Int64(value), -7, 0])) }
    let sum = try await PackedCiphertext.sum(updates, under: key.publicKey)

    let ends = MemoryLink.pair(Relay.peer("coordinator"), Relay.peer("holder-1", role: "keyholder"))
    let holder = KeyHolder(share: shares[0], smallestCohort: 3, logger: Federations.quiet)
    let serving = Task { try await holder.serve(ends.1) }
    defer { serving.cancel() }
    func ask(_ sum: PackedCiphertext, attempt: Int, valueCount: Int = 3) async throws -> (
      header: String, body: LinkBody
    ) {
      let layout = #""valueBits": 20, "summandLimit": 3, "valueCount": \#(valueCount)"#
      let header = #"{"number": 1, "job": "j", "attempt": \#(attempt), \#(layout)}"#
      try await ends.0.send(LinkMessage(header: Array(header.utf8), body: .bytes(sum.encoded)))
      let answer = try await ends.0.receive(within: .seconds(60))
      return (String(decoding: answer.header, as: UTF8.self), answer.body)
    }
    let single = try await ask(updates[0], attempt: 1)
    #expect(single.header.contains("a sum of 1 updates"))
    let two = try await PackedCiphertext.sum(Array(updates.prefix(2)), under: key.publicKey)
    let pair = try await ask(two, attempt: 1)
    #expect(pair.header.contains("a sum of 2 updates"))
    for count in [0, -1, 4, Int.max] {
      let malformed = try await ask(sum, attempt: 1, valueCount: count)
      #expect(malformed.header.contains("refused"))
    }
    let answer = try await ask(sum, attempt: 1)
    guard case .bytes(let bytes) = answer.body else {
      Issue.record("no share: \(answer.header)")
      return
    }
    let share = try DecryptionShare(encoded: bytes, under: key, holder: 1, of: sum)
    let opened = try await key.open(sum, with: [share, try await shares[2].decryptionShare(of: sum)])
    #expect(opened == [6, -21, 0])
    let again = try await ask(sum, attempt: 1)
    #expect(again.header.contains("it has answered for this attempt"))
    let next = try await ask(sum, attempt: 2)
    #expect(next.body.byteCount == bytes.count)
  }
}
