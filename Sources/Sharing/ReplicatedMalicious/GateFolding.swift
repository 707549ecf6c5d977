import Arithmetic
import CKernels

/// All gates since the last check as one claim over GF(2⁶⁴), which folding makes shorter level by level.
///
/// The first level works on bits: those of a word are the values of a polynomial in six variables at {0, 1}⁶, so that every
/// place of a word has a claim of its own, known from the results, and a word becomes an element.
struct GateFolding {
  private enum Stage {
    case words(GateLedger)
    case vectors(GateVectors)
  }

  /// Parts of the levels after the first: 2²⁹ gates come down to one.
  private static let parts = [4, 4, 4, 4, 8, 8, 8, 8, 8]
  /// Variables of the first level: 64 places in a word.
  private static let wordVariableCount = 6
  private static let corners = PointTable.corners(variables: wordVariableCount)
  private static let others = PointTable.others(variables: wordVariableCount)

  private let coin: CheckCoin
  private var stage: Stage
  private(set) var claim = (first: 0 as UInt64, second: 0 as UInt64)

  init(_ ledger: GateLedger, coin: CheckCoin) {
    self.coin = coin
    stage = .words(ledger)
  }

  private static func parts(level: Int) -> Int { level <= parts.count ? parts[level - 1] : 8 }

  /// Elements that a party sends at a level.
  static func elementCount(level: Int) -> Int { level == 0 ? others.count : 2 * (parts(level: level) - 1) }

  /// Variables of the polynomials at a level.
  static func variableCount(level: Int) -> Int { level == 0 ? wordVariableCount : 1 }

  /// Whether no more than one product is left.
  var isDone: Bool {
    if case .vectors(let vectors) = stage { vectors.count <= 1 } else { false }
  }

  /// This party's summands of what the level sends.
  func summands(level: Int) -> [UInt64] {
    switch stage {
    case .words(let ledger):
      let table = ledger.table(coin: coin)
      return Self.others.map { table[$0] }
    case .vectors(let vectors): return vectors.products(parts: Self.parts(level: level))
    }
  }

  /// Goes on with the polynomials' values at points.
  mutating func fold(_ values: (first: [UInt64], second: [UInt64]), at points: [UInt64], level: Int) {
    switch stage {
    case .words(let ledger):
      func value(_ values: [UInt64], _ results: [UInt64]) -> UInt64 {
        var table = [UInt64](repeating: 0, count: Int(ck_gates_table_count))
        for (place, value) in zip(Self.others, values) { table[place] = value }
        for (place, value) in zip(Self.corners, results) { table[place] = value }
        return FieldPoints.value(ofTable: table, at: points)
      }
      let results = ledger.sums(coin: coin)
      claim = (value(values.first, results.first), value(values.second, results.second))
      stage = .vectors(ledger.folded(at: points, coin: coin))
    case .vectors(let vectors):
      let parts = Self.parts(level: level)
      func value(_ products: [UInt64], _ claim: UInt64) -> UInt64 {
        let inner = products.prefix(parts - 1)
        let last = inner.reduce(claim) { $0 ^ $1 }
        return FieldPoints.value(Array(inner) + [last] + products.dropFirst(parts - 1), at: points[0])
      }
      claim = (value(values.first, claim.first), value(values.second, claim.second))
      stage = .vectors(vectors.folded(parts: parts, at: points[0]))
    }
  }

  /// The product that is left: zeros where there is no gate.
  var last: (x: PlanePair, y: PlanePair) {
    guard case .vectors(let vectors) = stage, vectors.count == 1 else {
      return (PlanePair(count: 1), PlanePair(count: 1))
    }
    let block = vectors.block
    return (
      PlanePair(first: [block.x0[0]], second: [block.x1[0]]),
      PlanePair(first: [block.y0[0]], second: [block.y0[0] ^ block.sum[0]])
    )
  }
}
