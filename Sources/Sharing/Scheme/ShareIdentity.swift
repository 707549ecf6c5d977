import Tensors

/// Tells shares apart: two shares of one identity are the same piece of the same secret.
///
/// Schemes with a dealer mask a secret once, however often it is used in one call.
final class ShareIdentity: Sendable {
}

/// What a scheme has to open for products: each operand once, and none whose opened mask is kept.
struct MaskedOperands {
  /// The operands as they are met first.
  private(set) var distinct: [Operand] = []
  /// For each product, the places of its operands in ``distinct``.
  private(set) var places: [(left: Int, right: Int)] = []

  struct Operand {
    /// The product whose operand it is, and on which side.
    let product: Int
    let isLeft: Bool
    let count: Int
    let isFixed: Bool
  }

  init<Share: MaskedOperand>(_ pairs: [Multiplication<Share>]) {
    var known: [ObjectIdentifier: Int] = [:]
    func place(_ share: Share, product: Int, isLeft: Bool) -> Int {
      let key = ObjectIdentifier(share.identity)
      if let found = known[key] { return found }
      known[key] = distinct.count
      distinct.append(Operand(product: product, isLeft: isLeft, count: share.shape.count, isFixed: share.isFixed))
      return distinct.count - 1
    }
    for (index, pair) in pairs.enumerated() {
      let left = place(pair.left, product: index, isLeft: true)
      places.append((left, place(pair.right, product: index, isLeft: false)))
    }
  }

  /// The distinct operands as shares.
  func shares<Share: MaskedOperand>(of pairs: [Multiplication<Share>]) -> [Share] {
    distinct.map { $0.isLeft ? pairs[$0.product].left : pairs[$0.product].right }
  }

  /// What the products need of a dealer.
  ///
  /// - Parameter mask: the name of the mask of a share that is fixed.
  func demand<Share: MaskedOperand>(of pairs: [Multiplication<Share>], mask: (Share) -> DealtMask?) -> Demand {
    .products(
      operands: shares(of: pairs).map { Demand.Operand(count: $0.shape.count, mask: mask($0)) },
      products: zip(pairs, places).map { Demand.Product(form: $0.form, left: $1.left, right: $1.right) })
  }

  /// Scalars that must be opened.
  var openedCount: Int { distinct.reduce(0) { $0 + ($1.isFixed ? 0 : $1.count) } }
}

/// A share of which a scheme with a dealer knows whether it is masked already.
protocol MaskedOperand: SecretShare {
  var identity: ShareIdentity { get }
  /// Whether its opened mask is kept, so that products need not open it again.
  var isFixed: Bool { get }
}
