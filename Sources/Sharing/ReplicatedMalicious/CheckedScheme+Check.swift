import Arithmetic
import CKernels
import Crypto
import Foundation
import Transports

/// The check of all products and gates since the last one (`docs/protocols/replicated-malicious.md`, 5): nothing leaves the
/// parties before it, and it opens nothing that depends on a secret.
extension CheckedScheme {
  static let digestByteCount = 32
  static let coinByteCount = 16
  /// Parts that the vectors of gates are folded into, round by round: 2²⁷ gates come down to one; more take rounds that no
  /// plan knows.
  static let foldingParts = [4, 4, 4, 8, 8, 8, 8, 8, 8, 8]

  /// 37 rounds, 6.5 kB, whatever there is to check.
  ///
  /// - Throws: ``SharingError/cheating(check:layer:)``, and again from whatever is called then.
  package func check() async throws {
    let coin = try await challenge()
    let (values, macs) = ledger.sums(coin: coin)
    let mask = beginOperation()
    func word(_ half: PairwiseRandomness.Key) -> UInt128 {
      let words = mask.words(half, 0, count: 2)
      return UInt128(words[1]) << 64 | UInt128(words[0])
    }
    let own =
      values.first &* (key.first &+ key.second) &+ values.second &* key.first &+ word(.first) &- word(.second)
    var outbox = Outbox()
    outbox.append([own.low, own.high])
    var inbox = try await passBack(outbox)
    let other = inbox.words(2)
    let difference = WideWord(
      first: macs.first &- own, second: macs.second &- (UInt128(other[1]) << 64 | UInt128(other[0])))
    let gate = try await foldGates(coin: coin)
    try await finish(gate, difference)
    ledger = ProductLedger()
    gates = GateLedger()
  }

  /// Two rounds: a coin that nobody could know before all that was sent had arrived at both others.
  func challenge() async throws -> PseudorandomGenerator {
    let digests = components.digests
    var inboxes = try await exchange(
      toNext: Outbox(digests.second), toPrevious: Outbox(digests.first), fromNext: Self.digestByteCount,
      fromPrevious: Self.digestByteCount)
    guard inboxes.next.bytes(Self.digestByteCount) == digests.second,
      inboxes.previous.bytes(Self.digestByteCount) == digests.first
    else { throw fail(.inputs, layer: "input") }
    let draws = beginOperation()
    let (first, second) = (draws.words(.first, 0, count: 2), draws.words(.second, 0, count: 2))
    var parts = [[UInt64]](repeating: [], count: 3)
    parts[previous] = try await openTwice(first: first, second: second).missing
    parts[party] = first
    parts[next] = second
    var hash = SHA256()
    for part in parts { part.withUnsafeBytes { hash.update(bufferPointer: $0) } }
    return PseudorandomGenerator(key: Array(Array(hash.finalize()).prefix(16)))
  }

  /// One claim x·y = z over GF(2⁶⁴), in shares.
  struct FieldClaim {
    var x: (first: UInt64, second: UInt64)
    var y: (first: UInt64, second: UInt64)
    var z: (first: UInt64, second: UInt64)
  }

  /// 33 rounds: all gates at once as one claim on random masks, which is wrong but for a probability below 2⁻⁵⁶ if any is.
  private func foldGates(coin: PseudorandomGenerator) async throws -> FieldClaim {
    var vectors = GateVectors.gates(gates, coin: coin)
    var claim = gates.sum(coin: coin)
    var level = 0
    while level < Self.foldingParts.count || vectors.count > 1 {
      let parts = level < Self.foldingParts.count ? Self.foldingParts[level] : 8
      let (first, second) = try await reshareElements(vectors.products(parts: parts))
      let point = try await challengePoint()
      func value(_ products: [UInt64], _ claim: UInt64) -> UInt64 {
        let inner = products.prefix(parts - 1)
        let last = inner.reduce(claim) { $0 ^ $1 }
        return FieldPoints.value(Array(inner) + [last] + products.dropFirst(parts - 1), at: point)
      }
      claim = (value(first, claim.first), value(second, claim.second))
      vectors = vectors.folded(parts: parts, at: point)
      level += 1
    }
    return try await mask(vectors, claim)
  }

  /// Three rounds: the last claim and one on random numbers become one on a random point of the lines through them.
  private func mask(_ vectors: GateVectors, _ claim: (first: UInt64, second: UInt64)) async throws -> FieldClaim {
    let draws = beginOperation()
    let (first, second) = (draws.words(.first, 0, count: 2), draws.words(.second, 0, count: 2))
    var (x, y) = ((first: [0 as UInt64], second: [0 as UInt64]), (first: [0 as UInt64], second: [0 as UInt64]))
    if case .folded(let block, count: 1) = vectors {
      x = ([block.x0[0]], [block.x1[0]])
      y = ([block.y0[0]], [block.y0[0] ^ block.sum[0]])
    }
    x = (x.first + [first[0]], x.second + [second[0]])
    y = (y.first + [first[1]], y.second + [second[1]])
    func summand(at point: UInt64) -> UInt64 {
      let (x0, x1) = (FieldPoints.value(x.first, at: point), FieldPoints.value(x.second, at: point))
      let (y0, y1) = (FieldPoints.value(y.first, at: point), FieldPoints.value(y.second, at: point))
      return ck_gf64_multiply(x0, y0 ^ y1) ^ ck_gf64_multiply(x1, y0)
    }
    let products = try await reshareElements([summand(at: 1), summand(at: 2)])
    let point = try await challengePoint()
    func line(_ values: [UInt64]) -> UInt64 { FieldPoints.value(values, at: point) }
    return FieldClaim(
      x: (line(x.first), line(x.second)), y: (line(y.first), line(y.second)),
      z: (line([claim.first] + products.first), line([claim.second] + products.second)))
  }

  /// One round: opens the masked claim; and whether a shared word is zero, of which nobody learns more.
  ///
  /// To each party the two others send the same keyed hash, one of a component that it shares with it and the other of what that
  /// would have to be, under a key of theirs and a mask.
  private func finish(_ claim: FieldClaim, _ difference: WideWord) async throws {
    let draws = beginOperation()
    func hash(_ word: UInt128, _ half: PairwiseRandomness.Key) -> UInt64 {
      let keys = draws.words(half, 0, count: 3)
      return ck_gf64_multiply(keys[0], word.low) ^ ck_gf64_multiply(keys[1], word.high) ^ keys[2]
    }
    let answer = try await openTwice(
      first: [claim.x.first, claim.y.first, claim.z.first], second: [claim.x.second, claim.y.second, claim.z.second],
      with: ([hash(0 &- (difference.first &+ difference.second), .first)], [hash(difference.first, .second)]))
    guard answer.fromNext == answer.fromPrevious else { throw fail(.products) }
    let x = claim.x.first ^ claim.x.second ^ answer.missing[0]
    let y = claim.y.first ^ claim.y.second ^ answer.missing[1]
    let z = claim.z.first ^ claim.z.second ^ answer.missing[2]
    guard ck_gf64_multiply(x, y) == z else { throw fail(.gates) }
  }

  /// Two rounds: an element of the field from a coin.
  private func challengePoint() async throws -> UInt64 {
    try await challenge().words(count: 1, counterHigh: 0, counterLow: 0)[0]
  }

  /// One round: elements of the field from summands.
  private func reshareElements(_ summands: [UInt64]) async throws -> (first: [UInt64], second: [UInt64]) {
    let draws = beginOperation()
    var masked = summands
    ck_bits_xor(masked.count, masked, draws.words(.first, 0, count: masked.count), &masked)
    ck_bits_xor(masked.count, masked, draws.words(.second, 0, count: masked.count), &masked)
    var outbox = Outbox()
    outbox.append(masked)
    var inbox = try await passBack(outbox)
    return (masked, inbox.words(masked.count))
  }
}
