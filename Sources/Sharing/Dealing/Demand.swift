public import Tensors

/// What correlated randomness one operation needs: kinds and shapes, which are public.
///
/// Everything is expanded from a key for each party; what the dealer chooses, such as a product of masks, is a correction
/// for the last party, `correctionByteCount` bytes in all.
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
  /// Bits, as words too, `rows` planes of them.
  case conversion(rows: Int, count: Int)
  /// A mask, all monomials of every four adjacent bits of it, its highest bit, and triples for the borrows into all bits.
  case decomposition(count: Int, width: Int)
  /// Triples of bits.
  case conjunction([Planes])
  /// A permutation of rows for each party, and new shares of what it makes of the masks of all others' shares.
  case shuffle(shapes: [Shape])
  /// Masks that one party knows, for its inputs; with MACs only.
  case inputs([Input])
  /// Rounded normal deviates of deviation 2^bits, which the dealer alone knows; with MACs only.
  case noise(counts: [Int], bits: Int)

  /// What a party is to bring.
  public struct Input: Hashable, Sendable, Codable {
    var owner: Int
    var count: Int
  }

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

  /// Planes of bits, all of one length.
  public struct Planes: Hashable, Sendable, Codable {
    var rows: Int
    var count: Int
  }

  /// What the last party is sent.
  func correctionByteCount(partyCount: Int, form: DealtForm = .additive) -> Int {
    switch form {
    case .additive: additiveByteCount(partyCount: partyCount)
    case .authenticated: authenticatedByteCount
    }
  }

  private func additiveByteCount(partyCount: Int) -> Int {
    switch self {
    case .masks, .inputs, .noise: 0
    case .products(_, let products): 8 * products.reduce(0) { $0 + $1.form.resultShape.count }
    case .truncation(let items): 16 * items.reduce(0) { $0 + $1.count }
    case .comparison(let count, let width): BorrowTree(width: width).dealtPlaneCount * ((count + 7) / 8)
    case .selection(let count, _): 16 * count
    case .conversion(let rows, let count): 8 * rows * count
    case .decomposition(let count, let width): BorrowTree(width: width).prefixPlaneCount * ((count + 7) / 8)
    case .conjunction(let blocks): blocks.reduce(0) { $0 + $1.rows * (($1.count + 7) / 8) }
    case .shuffle(let shapes): 8 * partyCount * shapes.reduce(0) { $0 + $1.count }
    }
  }
}

/// How dealt words are shared.
public enum DealtForm: Sendable {
  /// Additively, modulo 2⁶⁴.
  case additive
  /// With MACs: words modulo 2¹²⁸, and bits.
  case authenticated
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

  /// The gates of each level of Sklansky's prefix over the groups, whose nodes are bits that know the borrow from where
  /// their group begins. After the last level a node generates where a borrow leaves all bits up to it.
  var prefixLevels: [[CarryPlanes.Gate]] {
    var levels: [[CarryPlanes.Gate]] = []
    var span = 1
    while span < groupSizes.count {
      let groups = groupSizes.indices.filter { $0 & span != 0 }
      let gates = groups.flatMap { group in
        (0..<groupSizes[group]).map { bit in
          CarryPlanes.Gate(high: 4 * group + bit, low: 4 * (group / span * span) - 1, passesOn: false)
        }
      }
      levels.append(
        gates
          + gates.filter { $0.high >= 8 * span }.map { CarryPlanes.Gate(high: $0.high, low: $0.low, passesOn: true) })
      span *= 2
    }
    return levels
  }

  /// Planes dealt for the borrows into all bits.
  var prefixPlaneCount: Int { monomialPlaneCount + 1 + prefixLevels.reduce(0) { $0 + $1.count } }

  private var monomialPlaneCount: Int { groupSizes.reduce(0) { $0 + Self.monomialCount($1) } }

  /// Planes of monomials, of the sign and of the triples' products.
  var dealtPlaneCount: Int { monomialPlaneCount + 1 + gateCount }
}
