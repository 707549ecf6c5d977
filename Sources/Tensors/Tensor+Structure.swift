extension Tensor {
  /// The axes in another order: axis `i` of the result is axis `permutation[i]` of this tensor.
  public func transposed(_ permutation: [Int]) -> Tensor {
    precondition(
      permutation.sorted() == Array(shape.extents.indices),
      "\(permutation) is not a permutation of the axes of shape \(shape)")
    let strides = shape.strides
    return view(Shape(permutation.map { shape[$0] }), strides: permutation.map { strides[$0] })
  }

  /// A matrix with rows and columns exchanged: `[m, n] → [n, m]`.
  public func transposed() -> Tensor {
    precondition(shape.rank == 2, "only a matrix is transposed without a permutation, not shape \(shape)")
    return transposed([1, 0])
  }

  /// The part of the tensor whose index along `axis` lies in `range`.
  public func sliced(axis: Int, _ range: Range<Int>) -> Tensor {
    precondition(
      shape.extents.indices.contains(axis) && range.lowerBound >= 0 && range.upperBound <= shape[axis],
      "cannot slice \(range) along axis \(axis) of shape \(shape)")
    let strides = shape.strides
    return view(
      shape.replacing(axis: axis, with: range.count), strides: strides, offset: range.lowerBound * strides[axis])
  }

  /// The tensor with `scalar` repeated before and after it along one axis.
  public func padded(axis: Int, before: Int, after: Int, with scalar: Scalar) -> Tensor {
    precondition(
      shape.extents.indices.contains(axis) && before >= 0 && after >= 0,
      "cannot pad axis \(axis) of shape \(shape) by \(before) before and \(after) after")
    let inner = shape.extents[(axis + 1)...].reduce(1, *)
    let (head, body, tail) = (before * inner, shape[axis] * inner, after * inner)
    let outer = shape.extents[..<axis].reduce(1, *)
    return Tensor(shape: shape.replacing(axis: axis, with: before + shape[axis] + after)) { target in
      guard var to = target.baseAddress else { return }
      storage.withUnsafeBufferPointer { source in
        for block in 0..<outer {
          to.initialize(repeating: scalar, count: head)
          if body > 0 { (to + head).initialize(from: source.baseAddress! + block * body, count: body) }
          (to + head + body).initialize(repeating: scalar, count: tail)
          to += head + body + tail
        }
      }
    }
  }

  /// The tensors one after the other along an axis; all other extents must agree.
  public static func concatenated(_ tensors: [Tensor], axis: Int) -> Tensor {
    let shapes = tensors.map(\.shape)
    precondition(
      !shapes.isEmpty && shapes[0].extents.indices.contains(axis)
        && shapes.allSatisfy {
          $0.rank == shapes[0].rank && $0.replacing(axis: axis, with: 1) == shapes[0].replacing(axis: axis, with: 1)
        },
      "cannot concatenate shapes \(shapes) along axis \(axis)")
    if tensors.count == 1 { return tensors[0] }
    let outer = shapes[0].extents[..<axis].reduce(1, *)
    let inner = shapes[0].extents[(axis + 1)...].reduce(1, *)
    let whole = shapes.reduce(0) { $0 + $1[axis] }
    return Tensor(shape: shapes[0].replacing(axis: axis, with: whole)) { target in
      guard let base = target.baseAddress, !target.isEmpty else { return }
      var start = 0
      for tensor in tensors {
        let run = tensor.shape[axis] * inner
        tensor.storage.withUnsafeBufferPointer { source in
          guard run > 0 else { return }
          for block in 0..<outer {
            (base + block * whole * inner + start).initialize(from: source.baseAddress! + block * run, count: run)
          }
        }
        start += run
      }
    }
  }

  /// The tensor with axes of extent 1 repeated, under NumPy's rules.
  public func broadcast(to shape: Shape) -> Tensor {
    if shape == self.shape { return self }
    precondition(self.shape.broadcast(with: shape) == shape, "cannot broadcast shape \(self.shape) to \(shape)")
    return view(shape, strides: self.shape.strides(broadcastTo: shape))
  }

  /// The rows (first axis) with the given indices, in their order; an index may occur more than once.
  public func gatherRows(_ indices: [Int]) -> Tensor {
    precondition(shape.rank >= 1, "a scalar has no rows")
    let row = shape.extents[1...].reduce(1, *)
    let rows = shape[0]
    return Tensor(shape: shape.replacing(axis: 0, with: indices.count)) { target in
      storage.withUnsafeBufferPointer { source in
        for (position, index) in indices.enumerated() {
          precondition(index >= 0 && index < rows, "row \(index) is not one of shape \(shape)")
          guard row > 0 else { continue }
          (target.baseAddress! + position * row).initialize(from: source.baseAddress! + index * row, count: row)
        }
      }
    }
  }
}

extension Shape {
  /// Strides by which a tensor of this shape is read as one of a shape it broadcasts to: 0 along repeated axes.
  package func strides(broadcastTo shape: Shape) -> [Int] {
    let lead = shape.rank - rank
    let own = strides
    return shape.extents.indices.map { axis in
      axis < lead || extents[axis - lead] == 1 ? 0 : own[axis - lead]
    }
  }
}
