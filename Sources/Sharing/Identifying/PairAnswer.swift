import CKernels
import Transports

/// What a prover has answered one verifier.
struct PairAnswer {
  private let subject: PairSubject
  let sums: [OpenedLedger.Sums]

  /// - Parameter message: the coin's transcript, sums for all others in their order, and a signature.
  init(_ message: [UInt8], to name: PairName, partyCount: Int) {
    subject = name.subject
    let body = message.dropFirst(AuthenticatedScheme.digestByteCount).dropLast(Signature.byteCount)
    let size = body.count / (partyCount - 1)
    let place = name.verifier < name.prover ? name.verifier : name.verifier - 1
    let own = Array(body.dropFirst(place * size).prefix(size))
    sums = stride(from: 0, to: size, by: AuthenticatedScheme.sumByteCount)
      .map { OpenedLedger.Sums(Array(own[$0..<$0 + AuthenticatedScheme.sumByteCount])) }
  }

  static func label(_ party: PartyID, _ subject: PairSubject) -> String { "answer \(party) \(subject.rawValue)" }

  /// What the prover signs: what it says, about which check that failed, of shares with MACs under which keys.
  static func signedParts(_ body: [UInt8], _ name: PairName, _ failed: CheckName) -> [[UInt8]] {
    let keys = Array(name.keys.utf8)
    return [failed.bytes, UInt64(keys.count).bytes, keys, body]
  }

  /// - Parameters:
  ///   - name: of any answer of the party about the subject at hand.
  ///   - number: of the coin that was tossed for the trial.
  static func isSigned(
    _ message: [UInt8], of party: PartyID, _ name: PairName, by key: [UInt8], trial number: UInt64,
    _ failed: CheckName
  ) -> Bool {
    let parts = signedParts(Array(message.dropLast(Signature.byteCount)), name, failed)
    return Signature.isValid(
      message.suffix(Signature.byteCount),
      of: AuthenticatedScheme.hash(label(party, name.subject), parts, session: name.session, check: number), by: key)
  }

  /// Where the answer is not what the verifier's key makes of what the prover has shown; `nil` where all is right.
  ///
  /// - Parameter opening: what the prover opened in the check.
  func firstWrong(
    _ key: PairKey, opening: [UInt8], _ expected: PairExpectation
  ) -> Wrong? {
    switch subject {
    case .shares:
      guard sums.count == expected.sums.count else { return Wrong(layer: nil) }
      guard let index = sums.indices.first(where: { sums[$0] != expected.sums[$0] }) else { return nil }
      return Wrong(layer: expected.layers.indices.contains(index) ? expected.layers[index] : nil)
    case .sums:
      let opened = OpenedLedger.Sums(opening)
      let total = OpenedLedger.Sums.total(of: expected.sums)
      let right = OpenedLedger.Sums(
        words: total.words &+ UInt128(key.words) &* opened.words,
        bits: total.bits ^ ck_gf64_multiply(key.bits, opened.bits))
      return sums == [right] ? nil : Wrong(layer: nil)
    }
  }

  /// An answer that is wrong, and the first layer of which it is, where that is seen.
  struct Wrong {
    let layer: String?
  }
}

/// What a verifier's key makes of what a prover has shown, layer by layer.
struct PairExpectation {
  let sums: [OpenedLedger.Sums]
  let layers: [String]

  /// - Throws: ``ReplayEnd`` where the record is not that of the program.
  init(
    _ name: PairName, _ key: PairKey, _ coin: TossedCoin, _ events: [OpeningRecord.Event],
    _ sent: [OpeningRecord.Sent], as party: PartyID, partyCount: Int,
    _ program: (AuthenticatedScheme) async throws -> some Any
  ) async throws {
    let replay = Replay(events, sent, subject: name.subject) { key.stream(for: $0, at: $1) }
    // β = tag − a·x: party 0 adds what is public to its shares, everybody to its MACs.
    let isFirst = name.prover == 0
    let factor = MACKeys(words: 0 &- UInt128(key.words), bits: key.bits)
    let keys: MACKeys
    let weighing: MACKeys
    switch name.subject {
    case .shares: (keys, weighing) = (isFirst ? factor : MACKeys(words: 0, bits: 0), factor)
    case .sums: (keys, weighing) = (key.sessionKeys, key.sessionKeys)
    }
    let scheme = AuthenticatedScheme.replaying(replay, as: party, partyCount: partyCount, keys: keys)
    try await scheme.replay(program)
    sums = scheme.ledger.sums(coin: coin.weights, keys: weighing)
    layers = scheme.ledger.layers
  }
}
