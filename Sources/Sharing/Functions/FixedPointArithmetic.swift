import Arithmetic
import Tensors

/// Fixed-point functions of secrets, written once over every sharing scheme.
///
/// A scalar x stands for the ring word round(x · 2^f). Inner steps of exp, reciprocal and sigmoid run with 24 fraction
/// bits, since each squaring doubles the rounding error (`docs/PROTOCOLS.md`, accuracy rules). Costs are stated for
/// ``ReplicatedScheme`` with 64-bit comparisons.
public struct FixedPointArithmetic<Scheme: SharingScheme> {
  public typealias Share = Scheme.Share

  public let scheme: Scheme
  public let fractionBits: Int
  /// Bits that everything compared is known to fit into, signed: arguments of functions, and differences where two
  /// values are compared or the larger one is taken.
  public let comparisonWidth: Int
  /// The most scalars that are compared, truncated or given to a function at once. More go through one block after the
  /// other, so that the space that such work takes, ten times that of its operands, does not grow with them.
  package let blockCount: Int

  /// Fraction bits of the inner steps of functions.
  static var innerBits: Int { 24 }

  public init(_ scheme: Scheme, fractionBits: Int, comparisonWidth: Int = 64) {
    self.init(scheme, fractionBits: fractionBits, comparisonWidth: comparisonWidth, blockCount: BlockSize.standard)
  }

  package init(_ scheme: Scheme, fractionBits: Int, comparisonWidth: Int, blockCount: Int) {
    precondition((10...24).contains(fractionBits), "\(fractionBits) fraction bits")
    self.scheme = scheme
    self.fractionBits = fractionBits
    self.comparisonWidth = comparisonWidth
    self.blockCount = blockCount
  }

  /// The same arithmetic with comparisons on another number of bits.
  func comparing(on width: Int) -> FixedPointArithmetic {
    FixedPointArithmetic(scheme, fractionBits: fractionBits, comparisonWidth: width, blockCount: blockCount)
  }

  /// The word of a public real number with the given fraction bits.
  func word(_ value: Double, bits: Int? = nil) -> UInt64 {
    let scaled = value * Double(sign: .plus, exponent: bits ?? fractionBits, significand: 1)
    return UInt64(bitPattern: Int64(scaled.rounded()))
  }

  /// x + c for a public c.
  func add(_ x: Share, _ value: Double, bits: Int? = nil) -> Share {
    scheme.add(x, word: word(value, bits: bits))
  }

  func negate(_ x: Share) -> Share { scheme.scale(x, by: .max) }

  /// The fixed-point product of two shares with `bits` fraction bits each, truncated to `bits` (3 rounds).
  func multiply(_ x: Share, _ y: Share, truncatingBy bits: Int) async throws -> Share {
    let product = try await scheme.multiply([Multiplication(.elementwise(x.shape), x, y)])
    return try await scheme.truncate([Truncation(product[0], by: bits)])[0]
  }

  /// Several products at once; 3 rounds for all.
  func multiply(_ pairs: [(Share, Share, truncatingBy: Int)]) async throws -> [Share] {
    let products = try await scheme.multiply(pairs.map { Multiplication(.elementwise($0.0.shape), $0.0, $0.1) })
    return try await scheme.truncate(zip(products, pairs).map { Truncation($0, by: $1.truncatingBy) })
  }

  /// Divides by 2^bits, in two steps where one would be too wide.
  func truncate(_ product: Scheme.Product, by bits: Int) async throws -> Share {
    guard bits > 32 else { return try await scheme.truncate([Truncation(product, by: bits)])[0] }
    let half = try await scheme.truncate([Truncation(product, by: 32)])[0]
    return try await truncate(half, by: bits - 32)
  }

  func truncate(_ share: Share, by bits: Int) async throws -> Share {
    try await truncate(scheme.product(share, by: 1), by: bits)
  }

  /// From the working precision to more fraction bits: exact and silent.
  func lift(_ x: Share) -> Share {
    let missing = Self.innerBits - fractionBits
    return missing == 0 ? x : scheme.scale(x, by: 1 << UInt64(missing))
  }

  /// Runs a function of one flat share on several shares at once, or block by block where they are large.
  func batched(_ shares: [Share], _ body: (Share) async throws -> Share) async throws -> [Share] {
    let joined = flat(shares)
    var parts: [Share] = []
    for block in blocks(of: joined.shape.count) { parts.append(try await body(slice(joined, block))) }
    return split(parts.count == 1 ? parts[0] : scheme.concatenate(parts, axis: 0), like: shares.map { $0.shape })
  }

  /// The scalars of all shares, one after the other.
  func flat(_ shares: [Share]) -> Share {
    let vectors = shares.map { share in
      share.shape.rank == 1 ? share : scheme.reshape(share, to: [share.shape.count])
    }
    return scheme.concatenate(vectors, axis: 0)
  }

  /// The way back from ``flat(_:)``.
  func split(_ joined: Share, like shapes: [Shape]) -> [Share] {
    if shapes.count == 1 { return [scheme.reshape(joined, to: shapes[0])] }
    var offset = 0
    return shapes.map { shape in
      let start = offset
      offset += shape.count
      return scheme.map(joined, to: shape) {
        RingTensor(shape: shape, scalars: Array($0.scalars[start..<start + shape.count]))
      }
    }
  }
}
