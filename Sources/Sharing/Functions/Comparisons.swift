public import Graphs
import Tensors

extension FixedPointArithmetic {
  /// max(x, 0) of each share: 10 rounds, 108.25 bytes a scalar.
  public func relu(_ shares: [Share]) async throws -> [Share] {
    try await batched(shares) { try await rectified($0, width: comparisonWidth) }
  }

  /// max(x, −16).
  func clipped(_ x: Share) async throws -> Share {
    add(try await rectified(add(x, 16), width: clipWidth), -16)
  }

  private func rectified(_ x: Share, width: Int) async throws -> Share {
    try await scheme.multiply(scheme.not(try await scheme.negative(x, width: width)), x)
  }

  /// 1 (in fixed point) where the relation holds, else 0. Relations of order take one comparison, equality two.
  public func compare(_ items: [(Comparison, Share, Share)]) async throws -> [Share] {
    var differences: [Share] = []
    for (comparison, a, b) in items {
      switch comparison {
      case .less, .greaterOrEqual: differences.append(scheme.subtract(a, b))
      case .greater, .lessOrEqual: differences.append(scheme.subtract(b, a))
      case .equal, .notEqual: differences += [scheme.subtract(a, b), scheme.subtract(b, a)]
      }
    }
    let bits = try await scheme.negative(flat(differences), width: comparisonWidth)
    let unit = word(1)
    let words = scheme.scale(try await scheme.convert(bits), by: unit)
    var results = split(words, like: differences.map { $0.shape })[...]
    return items.map { item in
      let holds = results.removeFirst()
      func opposite(_ share: Share) -> Share { scheme.add(negate(share), word: unit) }
      switch item.0 {
      case .less, .greater: return holds
      case .greaterOrEqual, .lessOrEqual: return opposite(holds)
      case .notEqual: return scheme.add(holds, results.removeFirst())
      case .equal: return opposite(scheme.add(holds, results.removeFirst()))
      }
    }
  }

  /// The larger of each pair of scalars: y + relu(x − y).
  public func maximum(_ x: Share, _ y: Share) async throws -> Share {
    scheme.add(y, try await relu([scheme.subtract(x, y)])[0])
  }

  /// The largest scalar along an axis, which stays with extent 1: a tree of ⌈log₂ n⌉ levels.
  public func maximum(_ share: Share, axis: Int) async throws -> Share {
    var current = share
    while current.shape[axis] > 1 {
      let extent = current.shape[axis]
      let half = extent / 2
      let low = slice(current, axis: axis, 0..<half)
      let high = slice(current, axis: axis, half..<2 * half)
      var next = try await maximum(low, high)
      if extent % 2 == 1 {
        next = scheme.concatenate([next, slice(current, axis: axis, extent - 1..<extent)], axis: axis)
      }
      current = next
    }
    return current
  }

  func slice(_ share: Share, axis: Int, _ range: Range<Int>) -> Share {
    scheme.map(share, to: share.shape.replacing(axis: axis, with: range.count)) { $0.sliced(axis: axis, range) }
  }
}
