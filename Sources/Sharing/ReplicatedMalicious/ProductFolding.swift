/// All products since the last check as one claim over the Galois ring, which folding makes shorter level by level.
///
/// The first two levels are those of products scalar by scalar, the second also of products of one row; what is left of them is folded
/// on with the inner products that matrix products and permutations become.
struct ProductFolding {
  private enum Stage {
    case scalars(ScalarFolding)
    case halfway(ScalarFolding, RowFolding)
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
    case .halfway(let folding, let rows): return folding.secondSummands(with: rows.summands())
    case .vectors(let vectors, _): return vectors.summands()
    }
  }

  /// Goes on with the polynomials' values at points.
  mutating func fold(_ values: [GaloisShare], at points: [UInt64]) {
    switch stage {
    case .scalars(var folding):
      folding.fold(values, at: points)
      let rows = RowFolding(forms.filter(\.kept.isRow), counts: folding.counts, coin: coin)
      folding.join(rows.claim)
      stage = .halfway(folding, rows)
    case .halfway(let folding, let rows): stage = start(folding, rows, values, at: points)
    case .vectors(let vectors, let claim):
      stage = .vectors(vectors, claim: vectors.fold(values, claim: claim, at: points))
    }
  }

  private var forms: [(index: Int, kept: KeptForm)] { ledger.forms.enumerated().map { ($0.offset, $0.element) } }

  private func start(
    _ folding: ScalarFolding, _ rows: RowFolding, _ values: [GaloisShare], at points: [UInt64]
  ) -> Stage {
    let forms = forms.filter { !$0.kept.isRow }
    let entryCount = forms.reduce(0) { $0 + $1.kept.entryCount } + ledger.moves.reduce(0) { $0 + $1.entryCount }
    let vectors = GaloisVectors(count: folding.size + rows.size + entryCount)
    var claim = folding.claim(values, at: points)
    folding.write(to: vectors, at: points)
    rows.write(to: vectors, from: folding.size, at: points)
    var place = folding.size + rows.size
    for (index, form) in forms {
      claim = claim + form.write(to: vectors, at: place, index: index, coin: coin)
      place += form.entryCount
    }
    for (index, move) in ledger.moves.enumerated() {
      claim = claim + move.write(to: vectors, at: place, index: ledger.forms.count + index, coin: coin)
      place += move.entryCount
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
