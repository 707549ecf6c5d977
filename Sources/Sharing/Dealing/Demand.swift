import Tensors

/// What correlated randomness one operation needs: kinds and shapes, which are public.
///
/// Everything is expanded from a key for each party; what the dealer chooses, such as a product of masks, is a correction
/// for the last party, ``correctionByteCount`` bytes in all.
public enum Demand: Hashable, Sendable, Codable {
  /// Masks alone: uniform words that every party expands for itself.
  case masks(counts: [Int])
  /// Masks of operands, and the products of those masks: triples of one form each (`docs/PROTOCOLS.md` 2.2).
  case products(operands: [Operand], products: [Product])
  /// A mask, its top bit and its other bits shifted, for each tensor (2.6).
  case truncation([Truncated])
  /// A mask, all monomials of every four adjacent bits of it, its sign, and triples for a carry tree (3.4).
  case comparison(count: Int, width: Int)
  /// A bit, as a word too, and times a mask: a new one, or one drawn before (3.4).
  case selection(count: Int, mask: DealtMask?)
  /// A bit, as a word too.
  case conversion(count: Int)

  /// A tensor to be masked, or one whose mask was opened before.
  public struct Operand: Hashable, Sendable, Codable {
    var count: Int
    var mask: DealtMask?
  }

  /// Which operands are multiplied, and how.
  public struct Product: Hashable, Sendable, Codable {
    var form: Bilinear
    var left: Int
    var right: Int
  }

  public struct Truncated: Hashable, Sendable, Codable {
    var count: Int
    var bits: Int
  }

  /// What the last party is sent.
  public var correctionByteCount: Int {
    switch self {
    case .masks: 0
    case .products(_, let products): 8 * products.reduce(0) { $0 + $1.form.resultShape.count }
    case .truncation(let items): 16 * items.reduce(0) { $0 + $1.count }
    case .comparison(let count, let width): BorrowTree(width: width).dealtPlaneCount * ((count + 7) / 8)
    case .selection(let count, _): 16 * count
    case .conversion(let count): 8 * count
    }
  }
}

/// How the bits below the sign are combined into one borrow: groups of four without a word, then a tree of pairs.
struct BorrowTree {
  /// The bits of each group, lowest first.
  let groupSizes: [Int]
  /// AND gates of each level of the tree: for each pair PₕᵢGₗₒ, and PₕᵢPₗₒ for all but the lowest.
  let gateCounts: [Int]

  init(width: Int) {
    groupSizes = stride(from: 0, to: width - 1, by: 4).map { Swift.min(4, width - 1 - $0) }
    var gates: [Int] = []
    var nodes = groupSizes.count
    while nodes > 1 {
      gates.append(2 * (nodes / 2) - 1)
      nodes = nodes / 2 + nodes % 2
    }
    gateCounts = gates
  }

  static func monomialCount(_ size: Int) -> Int { 1 << size - 1 }

  var gateCount: Int { gateCounts.reduce(0, +) }

  /// Planes of monomials, of the sign and of the triples' products.
  var dealtPlaneCount: Int { groupSizes.reduce(0) { $0 + Self.monomialCount($1) } + 1 + gateCount }
}
