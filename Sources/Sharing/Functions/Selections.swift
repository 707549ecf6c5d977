public import Graphs
import Tensors

/// What follows from one comparison and one selection. Rounds and bytes a scalar are for 64-bit comparisons.
///
/// `width` says that the arguments are known to fit into so many bits, signed.
extension FixedPointArithmetic {
  /// Whether each scalar is positive: 8 rounds, 68.25 bytes.
  public func positive(_ shares: [Share], width: Int? = nil) async throws -> [Scheme.Bits] {
    try await negative(shares.map(negate), width: width ?? comparisonWidth)
  }

  /// Each scalar where its bit is 1, zero elsewhere; 2 rounds, 40 bytes.
  public func masked(_ items: [(Scheme.Bits, Share)]) async throws -> [Share] {
    let bits = items.count == 1 ? items[0].0 : scheme.concatenate(items.map { $0.0 })
    var start = 0
    return try await batched(items.map { $0.1 }) { x in
      let count = x.shape.count
      defer { start += count }
      let part = count == bits.shape.count ? bits : scheme.slice(bits, start..<start + count)
      return try await scheme.multiply(scheme.reshape(part, to: x.shape), x)
    }
  }

  /// The first share where the bit is 1, the second where it is 0; 2 rounds, 40 bytes. Exact.
  public func select(_ items: [(Scheme.Bits, Share, Share)]) async throws -> [Share] {
    let chosen = try await masked(items.map { ($0.0, scheme.subtract($0.1, $0.2)) })
    return zip(items, chosen).map { scheme.add($0.2, $1) }
  }

  /// max(x, 0): 10 rounds, 108.25 bytes. Exact.
  public func relu(_ shares: [Share], width: Int? = nil) async throws -> [Share] {
    try await batched(shares) { x in
      // The very share that was compared: additive parties have opened its mask already.
      let positive = scheme.not(try await scheme.negative(x, width: width ?? comparisonWidth))
      return try await scheme.multiply(positive, x)
    }
  }

  /// |x|: 10 rounds, 108.25 bytes. Exact.
  public func absolute(_ shares: [Share], width: Int? = nil) async throws -> [Share] {
    let signs = try await negative(shares, width: width ?? comparisonWidth)
    let negatives = try await masked(Array(zip(signs, shares)))
    return zip(shares, negatives).map { scheme.subtract($0, scheme.scale($1, by: 2)) }
  }

  /// The nearest number to x from the lower to the upper bound: 10 rounds, 216.5 bytes. Exact but for the bounds' rounding.
  public func clip(_ shares: [Share], to range: ClosedRange<Double>, width: Int? = nil) async throws -> [Share] {
    // x + relu(a − x) − relu(x − b).
    let below = shares.map { add(negate($0), range.lowerBound) }
    let above = shares.map { add($0, -range.upperBound) }
    let largest = Swift.max(abs(range.lowerBound), abs(range.upperBound))
    let excess = try await relu(below + above, width: sumWidth(width, plus: largest))
    return shares.indices.map { index in
      scheme.subtract(scheme.add(shares[index], excess[index]), excess[shares.count + index])
    }
  }

  /// The larger of each pair of scalars: y + relu(x − y), 10 rounds, 108.25 bytes.
  public func maximum(_ x: Share, _ y: Share, width: Int? = nil) async throws -> Share {
    scheme.add(y, try await relu([scheme.subtract(x, y)], width: differenceWidth(width))[0])
  }

  /// The smaller of each pair of scalars: x − relu(x − y), 10 rounds, 108.25 bytes.
  public func minimum(_ x: Share, _ y: Share, width: Int? = nil) async throws -> Share {
    scheme.subtract(x, try await relu([scheme.subtract(x, y)], width: differenceWidth(width))[0])
  }

  /// Whether each relation holds. Relations of order take one comparison, equality two; 8 rounds.
  public func holds(_ items: [(Comparison, Share, Share)], width: Int? = nil) async throws -> [Scheme.Bits] {
    var differences: [Share] = []
    for (comparison, a, b) in items {
      switch comparison {
      case .less, .greaterOrEqual: differences.append(scheme.subtract(a, b))
      case .greater, .lessOrEqual: differences.append(scheme.subtract(b, a))
      case .equal, .notEqual: differences += [scheme.subtract(a, b), scheme.subtract(b, a)]
      }
    }
    var bits = try await negative(differences, width: differenceWidth(width))[...]
    return items.map { item in
      let first = bits.removeFirst()
      switch item.0 {
      case .less, .greater: return first
      case .greaterOrEqual, .lessOrEqual: return scheme.not(first)
      // At most one of a < b and b < a holds.
      case .notEqual: return scheme.exclusiveOr(first, bits.removeFirst())
      case .equal: return scheme.not(scheme.exclusiveOr(first, bits.removeFirst()))
      }
    }
  }

  /// 1 (in fixed point) where the relation holds, else 0: 10 rounds, 92.25 bytes, for equality 160.5.
  public func compare(_ items: [(Comparison, Share, Share)], width: Int? = nil) async throws -> [Share] {
    try await numbers(try await holds(items, width: width))
  }

  /// Bits as 0 and 1 in fixed point; 2 rounds, 24 bytes.
  public func numbers(_ bits: [Scheme.Bits]) async throws -> [Share] {
    let joined = bits.count == 1 ? bits[0] : scheme.concatenate(bits)
    return split(scheme.scale(try await scheme.convert(joined), by: word(1)), like: bits.map { $0.shape })
  }

  /// Whether each scalar is negative, all in the same rounds.
  func negative(_ shares: [Share], width: Int) async throws -> [Scheme.Bits] {
    if shares.count == 1, shares[0].shape.count <= blockCount {
      return [try await scheme.negative(shares[0], width: width)]
    }
    let joined = flat(shares)
    var parts: [Scheme.Bits] = []
    for block in blocks(of: joined.shape.count) {
      parts.append(try await scheme.negative(slice(joined, block), width: width))
    }
    return split(parts.count == 1 ? parts[0] : scheme.concatenate(parts), like: shares.map { $0.shape })
  }

  /// Bits of several shares, one after the other, taken apart again.
  func split(_ bits: Scheme.Bits, like shapes: [Shape]) -> [Scheme.Bits] {
    var offset = 0
    return shapes.map { shape in
      defer { offset += shape.count }
      return scheme.reshape(scheme.slice(bits, offset..<offset + shape.count), to: shape)
    }
  }

  /// Bits that differences fit into, given those of their operands; ``comparisonWidth`` covers differences itself.
  func differenceWidth(_ width: Int?) -> Int { width.map { Swift.min(64, $0 + 1) } ?? comparisonWidth }

  /// Bits that arguments fit into after a public number of the given magnitude is added or subtracted.
  func sumWidth(_ width: Int?, plus magnitude: Double) -> Int {
    let added = fractionBits + (Swift.max(Int(magnitude.rounded(.up)), 1) - 1).bitLength + 1
    return Swift.min(64, Swift.max(width ?? comparisonWidth, added) + 1)
  }
}

extension Int {
  /// The bits of a number that is not negative: 0 for 0, 3 for 4.
  var bitLength: Int { Int.bitWidth - leadingZeroBitCount }
}
