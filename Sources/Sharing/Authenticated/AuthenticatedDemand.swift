extension Demand {
  /// What the last party is sent where shares have MACs: 16 bytes for a mask, 32 for a chosen word; a MAC of 8 bytes for each
  /// bit, and the bit where it is chosen.
  var authenticatedByteCount: Int { authenticatedVectors.reduce(0) { $0 + $1.byteCount } }
}

extension DealtVector {
  fileprivate var byteCount: Int {
    switch self {
    case .words(let count, let isMask): (isMask ? 16 : 32) * count
    case .planes(let rows, let count, let isMask): 8 * rows * count + (isMask ? 0 : rows * ((count + 7) / 8))
    case .unshared: 0
    }
  }
}
