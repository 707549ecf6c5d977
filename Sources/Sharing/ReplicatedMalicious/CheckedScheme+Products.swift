import CKernels
import Tensors

/// Products as in ``ReplicatedScheme``, but shared at once; each is looked at by the next check.
extension CheckedScheme {
  /// One round, 24 bytes a scalar of the results; of a convolution's gradient by its input, a scalar of its patches.
  public func multiply(_ pairs: [Multiplication<CheckedShare>]) async throws -> [CheckedProduct] {
    let factors = pairs.map { $0.form.factors($0.left, $0.right) }
    var shares = try await products(factors.flatMap { $0 })[...]
    return zip(pairs, factors).map { pair, factors in
      let share = pair.form.assembled(shares.prefix(factors.count).map { $0 })
      shares = shares.dropFirst(factors.count)
      return CheckedProduct(share: pair.isDoubled ? share.scaled(by: 2) : share)
    }
  }

  private func products(_ factors: [CheckedFactors]) async throws -> [CheckedShare] {
    let results = try await reshare(
      factors.map { factors in
        var z = zeroShare(beginOperation(), shape: factors.form.resultShape)
        factors.addSummand(to: &z)
        return z
      })
    for (factors, result) in zip(factors, results) { ledger.append(factors, result) }
    return results
  }

  /// No rounds; one and 24 bytes a scalar where parties bring words by themselves.
  public func reduce(_ products: [CheckedProduct]) async throws -> [CheckedShare] {
    var brought = try await shareOwn(products.compactMap(\.own))[...]
    return products.map { $0.own == nil ? $0.share : $0.share + brought.removeFirst() }
  }
}

/// The operands of one product whose result is shared.
struct CheckedFactors {
  let form: Bilinear
  let left: CheckedShare
  let right: CheckedShare

  /// x₀(y₀ + y₁) + x₁y₀
  func addSummand(to z: inout RingTensor) {
    z.withScalars { z in
      guard let z = z.baseAddress else { return }
      if case .elementwise(let shape) = form {
        ck_rss_multiply(
          shape.count, left.first.scalars, left.second.scalars, right.first.scalars, right.second.scalars, z)
        return
      }
      form.withScratch { scratch in
        // The sum is taken over the smaller operand: weights of a large layer are only read.
        if left.shape.count <= right.shape.count {
          form.accumulate((left.first + left.second).scalars, right.first.scalars, into: z, scratch: scratch)
          form.accumulate(left.first.scalars, right.second.scalars, into: z, scratch: scratch)
        } else {
          form.accumulate(left.first.scalars, (right.first + right.second).scalars, into: z, scratch: scratch)
          form.accumulate(left.second.scalars, right.first.scalars, into: z, scratch: scratch)
        }
      }
    }
  }
}

extension Bilinear {
  /// Scalars that a checked product shares.
  package var checkedCount: Int {
    if case .conv2dInputGradient(let product) = self { return product.batch * product.patch * product.positions }
    return resultShape.count
  }

  /// What is shared of a product: itself, or the patches of each image that a gradient by the input adds up, as only matrix
  /// products are cheap to check.
  func factors(_ left: CheckedShare, _ right: CheckedShare) -> [CheckedFactors] {
    guard case .conv2dInputGradient(let product) = self else {
      return [CheckedFactors(form: self, left: left, right: right)]
    }
    let form = Bilinear.matmul(
      m: product.patch, k: product.outputChannels, n: product.positions, transposeLeft: true, transposeRight: false)
    let flat = left.reshaped(to: [left.shape.count])
    return (0..<product.batch).map { image in
      let upstream = flat.sliced(image * product.resultCount..<(image + 1) * product.resultCount)
      return CheckedFactors(form: form, left: right, right: upstream)
    }
  }

  /// The product of what is shared of it.
  func assembled(_ shares: [CheckedShare]) -> CheckedShare {
    guard case .conv2dInputGradient(let product) = self else { return shares[0] }
    return CheckedShare(
      first: product.images(ofColumns: shares.map(\.first)), second: product.images(ofColumns: shares.map(\.second)))
  }
}
