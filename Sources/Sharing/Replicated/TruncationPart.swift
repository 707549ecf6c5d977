import CKernels
import Tensors

/// One chunk of one tensor on its way through a truncation.
struct TruncationPart {
  let item: Int
  let chunk: Chunk
  let role: Role
  /// Where the chunk begins in the draws of the whole operation.
  let offset: Int
  let bits: Int
  let product: ReplicatedProduct
  /// Roles 0 and 1: this party's share of the two-party sharing, s₀ or s₁.
  var state: [UInt64] = []
  var blind: [UInt64] = []
  var opened: [UInt64] = []
  var correction: [UInt64] = []

  var count: Int { chunk.range.count }
  var width: WireWidth { .truncating(by: bits) }

  /// The additive summand of the chunk.
  var summand: [UInt64] {
    switch product.form {
    case .additive(let summand): Array(summand.scalars[chunk.range])
    case .replicated(let share): Array(share.first.scalars[chunk.range])
    }
  }

  /// Roles 0 and 1 of a replicated value: x₀ + x₁, or x₂.
  var twoPartyShare: [UInt64] {
    guard case .replicated(let share) = product.form else { return summand }
    switch role {
    case .first:
      var sum = Array(share.first.scalars[chunk.range])
      share.second.scalars.withUnsafeBufferPointer { second in
        let slice = UnsafeBufferPointer(rebasing: second[chunk.range])
        ck_u64_add(count, sum, slice.baseAddress, &sum)
      }
      return sum
    case .second: return Array(share.second.scalars[chunk.range])
    case .third: return []
    }
  }

  /// The results: both components of each part, put together in the shapes of the items.
  static func joined(
    _ parts: [TruncationPart], _ components: [(first: [UInt64], second: [UInt64])], shapes: [Shape]
  ) -> [ReplicatedShare] {
    var firsts = shapes.map { [UInt64](reservingCapacity: $0.count) }
    var seconds = shapes.map { [UInt64](reservingCapacity: $0.count) }
    for (part, component) in zip(parts, components) {
      firsts[part.item] += component.first
      seconds[part.item] += component.second
    }
    return shapes.indices.map { index in
      ReplicatedShare(
        first: RingTensor(shape: shapes[index], scalars: firsts[index]),
        second: RingTensor(shape: shapes[index], scalars: seconds[index]))
    }
  }
}

extension ReplicatedScheme {
  /// The chunks of all items; where any of them is additive, all are made so with draw `zero`.
  func truncationParts(
    of items: [Truncation<ReplicatedProduct>], _ draws: PairwiseRandomness.Draws, zero: Int
  ) -> [TruncationPart] {
    let fused = items.contains { $0.product.isAdditive }
    var parts: [TruncationPart] = []
    var offset = 0
    for (index, item) in items.enumerated() {
      precondition((1...32).contains(item.bits), "truncation by \(item.bits) bits")
      let product = fused ? additive(item.product, draws, zero, offset: offset) : item.product
      for chunk in Chunk.chunks(of: item.product.shape.count) {
        parts.append(
          TruncationPart(
            item: index, chunk: chunk, role: chunk.role(of: party), offset: offset + chunk.range.lowerBound,
            bits: item.bits, product: product))
      }
      offset += (item.product.shape.count + 1) / 2 * 2
    }
    return parts
  }

  private func additive(
    _ product: ReplicatedProduct, _ draws: PairwiseRandomness.Draws, _ zero: Int, offset: Int
  ) -> ReplicatedProduct {
    guard case .replicated(let share) = product.form else { return product }
    let mask = zeroShare(draws, draw: zero, offset: offset, shape: share.shape)
    return ReplicatedProduct(form: .additive(share.first + mask))
  }
}

extension [UInt64] {
  /// An empty array with room for `count` words.
  init(reservingCapacity count: Int) {
    self = []
    reserveCapacity(count)
  }
}
