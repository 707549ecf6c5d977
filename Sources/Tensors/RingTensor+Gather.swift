import CKernels

/// Slices along an axis by public indices.
extension Tensor where Scalar == UInt64 {
  /// The slices along `axis` with the given indices, in their order; an index may occur more than once.
  public func gathered(axis: Int, _ indices: [Int]) -> RingTensor {
    precondition(
      shape.extents.indices.contains(axis) && indices.allSatisfy { (0..<shape[axis]).contains($0) },
      "cannot gather \(indices) along axis \(axis) of shape \(shape)")
    let (outer, inner) = (shape.extents[..<axis].reduce(1, *), shape.extents[(axis + 1)...].reduce(1, *))
    let block = shape[axis] * inner
    return RingTensor(shape: shape.replacing(axis: axis, with: indices.count)) { target in
      guard var to = target.baseAddress, !target.isEmpty else { return }
      storage.withUnsafeBufferPointer { source in
        for start in 0..<outer {
          for index in indices {
            to.initialize(from: source.baseAddress! + start * block + index * inner, count: inner)
            to += inner
          }
        }
      }
    }
  }

  /// The transposed map, modulo 2⁶⁴: slice `i` is added to slice `indices[i]` of `extent` that begin as zeros.
  public func scattered(axis: Int, _ indices: [Int], extent: Int) -> RingTensor {
    precondition(
      shape.extents.indices.contains(axis) && indices.count == shape[axis]
        && indices.allSatisfy { (0..<extent).contains($0) },
      "cannot scatter axis \(axis) of shape \(shape) to \(indices) of \(extent)")
    let (outer, inner) = (shape.extents[..<axis].reduce(1, *), shape.extents[(axis + 1)...].reduce(1, *))
    return RingTensor(shape: shape.replacing(axis: axis, with: extent)) { target in
      target.initialize(repeating: 0)
      guard let base = target.baseAddress, !target.isEmpty, count > 0 else { return }
      storage.withUnsafeBufferPointer { source in
        var from = source.baseAddress!
        for start in 0..<outer {
          for index in indices {
            let to = base + (start * extent + index) * inner
            ck_u64_add(inner, to, from, to)
            from += inner
          }
        }
      }
    }
  }
}
