import Arithmetic
import CKernels
import Crypto
import Foundation
import Transports

/// The check of all products and gates since the last one (`docs/protocols/replicated-malicious.md`, 5): nothing leaves the
/// parties before it, and what it opens and decides depends on errors and coins alone.
extension CheckedScheme {
  static let digestByteCount = 32
  /// Half of what a component's holders put into a coin.
  static let halfByteCount = 16
  /// Foldings: 2²⁹ gates come down to one, 2²² products scalar by scalar (those of each operation rounded up to 64), and 2¹⁶ entries of
  /// inner products; more take rounds that no plan knows.
  static let levelCount = 10
  /// A training's steps come to more: 2⁴¹ gates, 2³⁰ products scalar by scalar, 2²⁴ entries.
  static let trainingLevelCount = 14

  /// 25 rounds, 33 in a training, whatever there is to check.
  ///
  /// - Throws: ``SharingError/cheating(check:layer:culprit:)``, and again from whatever is called then.
  package func check() async throws {
    if let failed = try await failure(of: ledger, gates) {
      throw fail(failed, layer: await firstFailingLayer())
    }
    ledger = ProductLedger()
    gates = GateLedger()
    layers.removeAll()
  }

  /// After a check that failed: the first layer of which it fails by itself; empty where there is none, or where a party does not go
  /// on. One round, and as many as a check for each layer up to it.
  private func firstFailingLayer() async -> String {
    let (products, conjunctions) = (ledger, gates)
    let parts = layers.parts(end: kept)
    do {
      guard !parts.isEmpty, try await allFail() else { return "" }
      for (layer, parts) in parts {
        let failed = try await failure(of: products.including(parts), conjunctions.including(parts))
        if failed != nil { return layer }
      }
    } catch {}
    return ""
  }

  /// One round: whether the check failed for all parties. One that it passed for goes on to open values, and must not take what is
  /// said here for one: no such message has six bytes.
  private func allFail() async throws -> Bool {
    let word = Array("failed".utf8)
    let message = Outbox(word)
    var inboxes = try await exchange(
      toNext: message, toPrevious: message, fromNext: word.count, fromPrevious: word.count)
    return inboxes.next.bytes(word.count) == word && inboxes.previous.bytes(word.count) == word
  }

  /// What of all these does not hold.
  private func failure(of ledger: ProductLedger, _ gates: GateLedger) async throws -> CheatingCheck? {
    let coin = try await toss()
    var products = ProductFolding(ledger, coin: coin)
    var conjunctions = GateFolding(gates, coin: coin)
    var level = 0
    while level < levels || !conjunctions.isDone || !products.isDone {
      let values = try await reshare(products.summands(), conjunctions.summands(level: level))
      let challenge = try await toss().challenge(
        gates: GateFolding.variableCount(level: level), products: ProductFolding.variableCount(level: level))
      conjunctions.fold(values.gates, at: challenge.gates, level: level)
      products.fold(values.products, at: challenge.products)
      level += 1
    }
    let masked = try await mask(conjunctions, products.last)
    try await confirm()
    return try await open(masked)
  }

  /// One claim x·y = z each over the Galois ring and over GF(2⁶⁴), in shares.
  private struct LastClaims {
    var products: (x: GaloisShare, y: GaloisShare, z: GaloisShare)
    var gates: (x: PlanePair, y: PlanePair, z: PlanePair)
  }

  /// Two rounds: the last claims and those on random numbers become claims on a random point of the lines through them.
  private func mask(
    _ gates: GateFolding, _ last: (x: GaloisShare, y: GaloisShare, z: GaloisShare)
  ) async throws -> LastClaims {
    let draws = beginOperation()
    let (first, second) = (draws.words(.first, 0, count: 2), draws.words(.second, 0, count: 2))
    let (left, right) = gates.last
    let x = (first: left.first + [first[0]], second: left.second + [second[0]])
    let y = (first: right.first + [first[1]], second: right.second + [second[1]])
    func summand(at point: UInt64) -> UInt64 {
      let (x0, x1) = (FieldPoints.value(x.first, at: point), FieldPoints.value(x.second, at: point))
      let (y0, y1) = (FieldPoints.value(y.first, at: point), FieldPoints.value(y.second, at: point))
      return ck_gf64_multiply(x0, y0 ^ y1) ^ ck_gf64_multiply(x1, y0)
    }
    func random(_ draw: Int) -> GaloisShare {
      GaloisShare(
        first: GaloisElement(words: draws.words(.first, draw, count: GaloisElement.wordCount)),
        second: GaloisElement(words: draws.words(.second, draw, count: GaloisElement.wordCount)))
    }
    let (r, s) = (random(1), random(2))
    let values = try await reshare(
      (r * s).words + ((r - last.x) * (s - last.y)).words, [summand(at: 1), summand(at: 2)])
    let challenge = try await toss().challenge(gates: 1, products: 1)
    // At zero the line would show what it hides.
    let (gatePoint, point) = (max(challenge.gates[0], 1), max(challenge.products[0], 1))
    func line(_ values: [UInt64]) -> UInt64 { FieldPoints.value(values, at: gatePoint) }
    func line(_ values: [GaloisShare]) -> GaloisShare { GaloisShare.value(values, at: [point]) }
    return LastClaims(
      products: (
        line([last.x, r, .zero]), line([last.y, s, .zero]), line([last.z, values.products[0], values.products[1]])
      ),
      gates: (
        PlanePair(first: [line(x.first)], second: [line(x.second)]),
        PlanePair(first: [line(y.first)], second: [line(y.second)]),
        PlanePair(
          first: [line([gates.claim.first] + values.gates.first)],
          second: [line([gates.claim.second] + values.gates.second)])
      ))
  }

  /// One round: opens the masked claims; the check whose claim does not hold.
  private func open(_ claims: LastClaims) async throws -> CheatingCheck? {
    let (gates, products) = (claims.gates, claims.products)
    let elements = [products.x, products.y, products.z]
    let first = gates.x.first + gates.y.first + gates.z.first + elements.flatMap(\.first.words)
    let second = gates.x.second + gates.y.second + gates.z.second + elements.flatMap(\.second.words)
    guard let missing = try await openTwice(first: first, second: second) else { return .agreement }
    let opened = GaloisElement.elements(Array(missing.dropFirst(3)))
    let (x, y, z) = (
      products.x.first + products.x.second + opened[0], products.y.first + products.y.second + opened[1],
      products.z.first + products.z.second + opened[2]
    )
    guard x * y == z else { return .products }
    let field = (0..<3).map { first[$0] ^ second[$0] ^ missing[$0] }
    return ck_gf64_multiply(field[0], field[1]) == field[2] ? nil : .gates
  }

  /// One round: elements of both rings from summands; and whether all parties had the last coin alike.
  private func reshare(
    _ words: [UInt64], _ elements: [UInt64]
  ) async throws -> (products: [GaloisShare], gates: (first: [UInt64], second: [UInt64])) {
    let draws = beginOperation()
    var products = words
    ck_u64_add(words.count, products, draws.words(.first, 0, count: words.count), &products)
    ck_u64_sub(words.count, products, draws.words(.second, 0, count: words.count), &products)
    var field = elements
    ck_bits_xor(field.count, field, draws.words(.first, 1, count: field.count), &field)
    ck_bits_xor(field.count, field, draws.words(.second, 1, count: field.count), &field)
    var outbox = Outbox(lastCoin)
    outbox.append(products)
    outbox.append(field)
    var inboxes = try await exchange(
      toNext: Outbox(lastCoin), toPrevious: outbox, fromNext: outbox.message.count, fromPrevious: Self.digestByteCount)
    try compare(inboxes.next.bytes(Self.digestByteCount), inboxes.previous.bytes(Self.digestByteCount))
    let received = GaloisElement.elements(inboxes.next.words(words.count))
    let shares = zip(GaloisElement.elements(products), received).map { GaloisShare(first: $0, second: $1) }
    return (shares, (field, inboxes.next.words(field.count)))
  }
}
