import CKernels
import Tensors

/// Products, silent until they are brought back to shares, as in ``ReplicatedScheme``: of the values, and of the one's MAC with
/// the other's value.
extension CheckedScheme {
  /// No rounds: the summands are not sent yet.
  public func multiply(_ pairs: [Multiplication<CheckedShare>]) async throws -> [CheckedProduct] {
    pairs.map { pair in
      let draws = beginOperation()
      // The smaller operand's MAC: what is computed with both of its tensors is its size.
      let byLeft = pair.left.shape.count <= pair.right.shape.count
      let value = summand(pair.form, pair.left.value, pair.right.value, draws, draw: 0)
      let mac = summand(
        pair.form, byLeft ? pair.left.mac : pair.left.value, byLeft ? pair.right.value : pair.right.mac, draws, draw: 1)
      return CheckedProduct(
        form: pair.isDoubled
          ? .additive(value: value.scaled(by: 2), mac: mac.scaled(by: 2)) : .additive(value: value, mac: mac))
    }
  }

  /// x₀(y₀ + y₁) + x₁y₀ and a share of zero.
  private func summand(
    _ form: Bilinear, _ x: WidePair, _ y: WidePair, _ draws: PairwiseRandomness.Draws, draw: Int
  ) -> WideTensor {
    var z = zeroShare(draws, draw: draw, shape: form.resultShape)
    if x.count <= y.count {
      form.accumulate(x.first + x.second, y.first, into: &z)
      form.accumulate(x.first, y.second, into: &z)
    } else {
      form.accumulate(x.first, y.first + y.second, into: &z)
      form.accumulate(x.second, y.first, into: &z)
    }
    return z
  }

  /// This party's summands of α times values whose components are what they must be.
  func authenticating(_ value: WidePair) -> WideTensor {
    zeroShare(beginOperation(), shape: value.shape)
      .adding(value.first, times: key.first &+ key.second).adding(value.second, times: key.first)
  }

  /// One round, 48 bytes a scalar: MACs for values that any components make a valid sharing of.
  func authenticate(_ values: [WidePair]) async throws -> [CheckedShare] {
    let macs = try await reshare(values.map(authenticating))
    return zip(values, macs).map { noted(CheckedShare(value: $0, mac: $1)) }
  }

  /// The share, which the next check is to look at.
  func noted(_ share: CheckedShare) -> CheckedShare {
    ledger.append(share)
    return share
  }

  /// One round, 96 bytes a scalar; one more and 72 bytes for what parties bring by themselves. Nothing for products that are
  /// still replicated.
  public func reduce(_ products: [CheckedProduct]) async throws -> [CheckedShare] {
    let own = try await shareOwn(products.compactMap(\.own))
    var summands: [WideTensor] = []
    for product in products where product.isAdditive { summands += additive(product) }
    var pairs = try await reshare(summands + own.map(authenticating))[...]
    var shares = products.map { product -> CheckedShare in
      guard case .replicated(let share) = product.form, product.own == nil else {
        let value = pairs.removeFirst()
        return noted(CheckedShare(value: value, mac: pairs.removeFirst()))
      }
      return share
    }
    var brought = zip(own, pairs).map { noted(CheckedShare(value: $0, mac: $1)) }[...]
    for index in shares.indices where products[index].own != nil {
      shares[index] = shares[index] + brought.removeFirst()
    }
    return shares
  }

  /// A product's summand and its MAC's.
  private func additive(_ product: CheckedProduct) -> [WideTensor] {
    switch product.form {
    case .additive(let value, let mac): return [value, mac]
    case .replicated(let share):
      let draws = beginOperation()
      return [
        share.value.first + zeroShare(draws, draw: 0, shape: share.shape),
        share.mac.first + zeroShare(draws, draw: 1, shape: share.shape),
      ]
    }
  }

  /// The product as summands, even where both components are known.
  func masked(_ product: CheckedProduct) -> CheckedProduct {
    guard case .replicated = product.form else { return product }
    let parts = additive(product)
    return CheckedProduct(form: .additive(value: parts[0], mac: parts[1]), own: product.own)
  }
}
