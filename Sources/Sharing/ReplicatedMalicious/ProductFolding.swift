/// All products since the last check as one claim over the Galois ring, which folding makes shorter level by level.
///
/// The first two levels are those of products scalar by scalar; what is left of them is folded on with the inner products that matrix
/// products and permutations become.
struct ProductFolding {
  private enum Stage {
    case scalars(ScalarFolding)
    case halfway(ScalarFolding)
    case vectors(GaloisVectors, claim: GaloisShare)
  }

  private let ledger: ProductLedger
  private let coin: CheckCoin
  private var stage: Stage

  init(_ ledger: ProductLedger, coin: CheckCoin) {
    self.ledger = ledger
    self.coin = coin
    stage = .scalars(ScalarFolding(ledger, coin: coin))
  }

  /// Variables of the polynomials at a level.
  static func variableCount(level: Int) -> Int { level < 2 ? ScalarFolding.variableCount : GaloisVectors.variableCount }

  /// Elements that a party sends at a level.
  static func elementCount(level: Int) -> Int {
    switch level {
    case 0: ScalarFolding.others.count
    case 1: ScalarFolding.tableCount - 1
    default: 8
    }
  }

  /// Whether one product is left.
  var isDone: Bool {
    if case .vectors(let vectors, _) = stage { vectors.count == 1 } else { false }
  }

  /// This party's summands of what the level sends.
  mutating func summands() -> [UInt64] {
    switch stage {
    case .scalars(var folding):
      let sums = folding.firstSummands()
      stage = .scalars(folding)
      return sums
    case .halfway(let folding): return folding.secondSummands()
    case .vectors(let vectors, _): return vectors.summands()
    }
  }

  /// Goes on with the polynomials' values at points.
  mutating func fold(_ values: [GaloisShare], at points: [UInt64]) {
    switch stage {
    case .scalars(var folding):
      folding.fold(values, at: points)
      stage = .halfway(folding)
    case .halfway(let folding): stage = start(folding, values, at: points)
    case .vectors(let vectors, let claim):
      stage = .vectors(vectors, claim: vectors.fold(values, claim: claim, at: points))
    }
  }

  private func start(_ folding: ScalarFolding, _ values: [GaloisShare], at points: [UInt64]) -> Stage {
    let entryCount =
      ledger.forms.reduce(0) { $0 + $1.entryCount } + ledger.moves.reduce(0) { $0 + $1.entryCount }
    let vectors = GaloisVectors(count: folding.size + entryCount)
    var claim = folding.claim(values, at: points)
    folding.write(to: vectors, at: points)
    var (place, index) = (folding.size, 0)
    for form in ledger.forms {
      claim = claim + form.write(to: vectors, at: place, index: index, coin: coin)
      place += form.entryCount
      index += 1
    }
    for move in ledger.moves {
      claim = claim + move.write(to: vectors, at: place, index: index, coin: coin)
      place += move.entryCount
      index += 1
    }
    return .vectors(vectors, claim: claim)
  }

  /// The product that is left, and what is claimed of it.
  var last: (x: GaloisShare, y: GaloisShare, z: GaloisShare) {
    guard case .vectors(let vectors, let claim) = stage else { return (.zero, .zero, .zero) }
    let last = vectors.last
    return (last.x, last.y, claim)
  }
}
