/// Reads a tensor through strides: the one loop behind transposing, slicing and broadcasting.
///
/// Axes of extent 1 are dropped and neighbours that lie one behind the other are merged, so that the innermost run is as
/// long as it can be; what is left decides how runs are copied.
package struct StridedCopy {
  /// Extents of the result, merged, outermost first; never empty.
  private(set) var extents: [Int] = []
  /// How far apart neighbours along each merged axis lie in the source; 0 repeats.
  private(set) var strides: [Int] = []
  let offset: Int
  let count: Int

  package init(extents: [Int], strides: [Int], offset: Int = 0) {
    self.offset = offset
    count = extents.reduce(1, *)
    for (extent, stride) in zip(extents, strides) where extent != 1 {
      if let last = self.strides.last, last == stride * extent {
        self.extents[self.extents.count - 1] *= extent
        self.strides[self.strides.count - 1] = stride
      } else {
        self.extents.append(extent)
        self.strides.append(stride)
      }
    }
    if self.extents.isEmpty {
      self.extents = [1]
      self.strides = [1]
    }
  }

  /// Writes the `count` scalars the plan describes to uninitialised memory.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == UInt64)
  @specialized(where Scalar == Double)
  @specialized(where Scalar == UInt32)
  @specialized(where Scalar == UInt8)
  package func callAsFunction<Scalar>(
    from source: UnsafePointer<Scalar>, to target: UnsafeMutablePointer<Scalar>
  ) {
    guard count > 0 else { return }
    let innerAxes = extents.count > 1 && isTransposition ? 2 : 1
    withUnsafeTemporaryAllocation(of: Int.self, capacity: extents.count) { position in
      position.initialize(repeating: 0)
      copy(from: source, to: target, innerAxes: innerAxes, position: position)
    }
  }

  /// Counts `position` through the outer axes, as an odometer does.
  @inline(__always)
  private func copy<Scalar>(
    from source: UnsafePointer<Scalar>, to target: UnsafeMutablePointer<Scalar>, innerAxes: Int,
    position: UnsafeMutableBufferPointer<Int>
  ) {
    let outerCount = extents.count - innerAxes
    let block = extents[outerCount...].reduce(1, *)
    var from = source + offset
    var to = target
    while true {
      if innerAxes == 2 { copyTransposed(from: from, to: to) } else { copyRun(from: from, to: to) }
      to += block
      var axis = outerCount - 1
      while axis >= 0 {
        position[axis] += 1
        from += strides[axis]
        if position[axis] < extents[axis] { break }
        from -= strides[axis] * extents[axis]
        position[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }

  /// Whether the two innermost axes are those of a transposed matrix.
  private var isTransposition: Bool {
    strides[strides.count - 2] == 1 && strides[strides.count - 1] > 1
  }

  @inline(__always)
  private func copyRun<Scalar>(from source: UnsafePointer<Scalar>, to target: UnsafeMutablePointer<Scalar>) {
    let length = extents[extents.count - 1]
    let stride = strides[strides.count - 1]
    switch stride {
    case 1: target.initialize(from: source, count: length)
    case 0: target.initialize(repeating: source.pointee, count: length)
    default: for i in 0..<length { (target + i).initialize(to: source[i &* stride]) }
    }
  }

  /// In square blocks, so that the lines of both sides stay in the first cache.
  @inline(__always)
  private func copyTransposed<Scalar>(from source: UnsafePointer<Scalar>, to target: UnsafeMutablePointer<Scalar>) {
    let (rows, columns, stride) = (extents[extents.count - 2], extents[extents.count - 1], strides[strides.count - 1])
    let edge = 8
    for top in Swift.stride(from: 0, to: rows, by: edge) {
      let bottom = Swift.min(top + edge, rows)
      for left in Swift.stride(from: 0, to: columns, by: edge) {
        let right = Swift.min(left + edge, columns)
        for i in top..<bottom {
          let line = target + (i &* columns)
          for j in left..<right { (line + j).initialize(to: source[i &+ (j &* stride)]) }
        }
      }
    }
  }
}

extension Tensor {
  /// The tensor of the given shape whose scalars are read from this one through `strides`.
  func view(_ shape: Shape, strides: [Int], offset: Int = 0) -> Tensor {
    let plan = StridedCopy(extents: shape.extents, strides: strides, offset: offset)
    return Tensor(shape: shape) { target in
      guard shape.count > 0 else { return }
      storage.withUnsafeBufferPointer { plan(from: $0.baseAddress!, to: target.baseAddress!) }
    }
  }
}
