import Tensors

/// One vector of what is dealt for an operation, in the order in which parties take them.
enum DealtVector {
  /// Words with MACs, 2¹²⁸; the dealer chooses them where they are no masks.
  case words(Int, isMask: Bool)
  /// Bits with MACs.
  case planes(rows: Int, count: Int, isMask: Bool)
  /// What has no MAC: the words that an input is hidden by, a permutation, and the key of noise.
  case unshared

  /// Words of 64 bits that its MACs are.
  var macWordCount: Int {
    switch self {
    case .words(let count, _): 2 * count
    case .planes(let rows, let count, _): rows * count
    case .unshared: 0
    }
  }
}

extension Demand {
  var macWordCount: Int { authenticatedVectors.reduce(0) { $0 + $1.macWordCount } }

  /// What ``AuthenticatedDealing`` deals and a party draws.
  var authenticatedVectors: [DealtVector] {
    switch self {
    case .masks(let counts): return counts.map { .words($0, isMask: true) }
    case .products(let operands, let products):
      return operands.filter { $0.mask == nil }.map { .words($0.count, isMask: true) }
        + products.map { .words($0.form.resultShape.count, isMask: false) }
    case .truncation(let items):
      return items.flatMap { item in [true, false, false].map { .words(item.count, isMask: $0) } }
    case .comparison(let count, let width):
      return Self.monomials(count, width)
        + BorrowTree(width: width).gateCounts.flatMap { Self.triples($0, count) }
    case .selection(let count, let mask):
      return (mask == nil ? [.words(count, isMask: true)] : []) + Self.bits(1, count) + [.words(count, isMask: false)]
    case .conversion(let rows, let count): return Self.bits(rows, count)
    case .decomposition(let count, let width):
      return Self.monomials(count, width)
        + BorrowTree(width: width).prefixLevels.flatMap { Self.triples($0.count, count) }
    case .conjunction(let blocks): return blocks.flatMap { Self.triples($0.rows, $0.count) }
    case .shuffle(let shapes): return Self.network(shapes)
    case .inputs(let items): return items.flatMap { [.unshared, .words($0.count, isMask: false)] }
    case .noise(let counts, _): return [.unshared] + counts.map { .words($0, isMask: false) }
    }
  }

  private static func monomials(_ count: Int, _ width: Int) -> [DealtVector] {
    [.words(count, isMask: true)]
      + BorrowTree(width: width).groupSizes.map {
        .planes(rows: BorrowTree.monomialCount($0), count: count, isMask: false)
      } + [.planes(rows: 1, count: count, isMask: false)]
  }

  private static func triples(_ rows: Int, _ count: Int) -> [DealtVector] {
    [true, true, false].map { .planes(rows: rows, count: count, isMask: $0) }
  }

  private static func bits(_ rows: Int, _ count: Int) -> [DealtVector] {
    [.planes(rows: rows, count: count, isMask: true), .words(rows * count, isMask: false)]
  }

  private static func network(_ shapes: [Shape]) -> [DealtVector] {
    let rowCount = shapes.first?[0] ?? 0
    let sizes = PermutationNetwork.sizes(rowCount: rowCount)
    let layer: [DealtVector] =
      [.words(sizes.switchCount, isMask: false)]
      + shapes.flatMap { shape in
        [true, false].map { .words(sizes.switchCount * (shape.count / Swift.max(rowCount, 1)), isMask: $0) }
      }
    return [.unshared] + (0..<sizes.layerCount).flatMap { _ in layer }
  }
}
