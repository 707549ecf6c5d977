import Tensors

extension Demand {
  /// What the last party is sent where shares have MACs: 16 bytes for a mask, 32 for a chosen word; a MAC of 8 bytes for each
  /// bit, and the bit where it is chosen.
  var authenticatedByteCount: Int {
    switch self {
    case .masks(let counts): return 16 * counts.reduce(0, +)
    case .products(let operands, let products):
      let masks = operands.reduce(0) { $0 + ($1.mask == nil ? $1.count : 0) }
      return 16 * masks + 32 * products.reduce(0) { $0 + $1.form.resultShape.count }
    case .truncation(let items): return 80 * items.reduce(0) { $0 + $1.count }
    case .comparison(let count, let width):
      let tree = BorrowTree(width: width)
      return 16 * count + Self.planes(tree.dealtPlaneCount, masks: 2 * tree.gateCount, count)
    case .selection(let count, let mask):
      return (mask == nil ? 16 : 0) * count + 64 * count + Self.planes(0, masks: 1, count)
    case .conversion(let rows, let count): return 32 * rows * count + Self.planes(0, masks: rows, count)
    case .decomposition(let count, let width):
      let tree = BorrowTree(width: width)
      return 16 * count + Self.planes(tree.prefixPlaneCount, masks: 2 * tree.prefixGateCount, count)
    case .conjunction(let blocks):
      return blocks.reduce(0) { $0 + Self.planes($1.rows, masks: 2 * $1.rows, $1.count) }
    case .shuffle(let shapes):
      let network = PermutationNetwork.sizes(rowCount: shapes.first?[0] ?? 0)
      let columns = shapes.reduce(0) { $0 + $1.count } / Swift.max(shapes.first?[0] ?? 0, 1)
      return network.layerCount * network.switchCount * (32 + 48 * columns)
    case .inputs(let items): return 32 * items.reduce(0) { $0 + $1.count }
    }
  }

  private static func planes(_ chosen: Int, masks: Int, _ count: Int) -> Int {
    chosen * ((count + 7) / 8) + 8 * (chosen + masks) * count
  }
}

extension BorrowTree {
  /// AND gates of the prefix.
  var prefixGateCount: Int { prefixLevels.reduce(0) { $0 + $1.count } }
}
