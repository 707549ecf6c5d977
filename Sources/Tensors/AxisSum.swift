/// A sum over some axes of a tensor: the plan, and the one walk over the scalars that carries it out.
package struct AxisSum {
  /// The shape of the result: the summed axes have extent 1.
  package let shape: Shape
  /// Axes as stored, outermost first; those of extent 1 are gone, neighbours that are both summed or both kept are one.
  package private(set) var levels: [Level] = []

  package struct Level {
    package var extent: Int
    package var isSummed: Bool
    /// How far one step along the axis moves in the result; 0 where it is summed.
    package var stride = 0
  }

  package init(shape: Shape, axes: [Int]) {
    self.shape = Shape(shape.extents.enumerated().map { axes.contains($0.offset) ? 1 : $0.element })
    for (axis, extent) in shape.extents.enumerated() where extent != 1 {
      let isSummed = axes.contains(axis)
      if let last = levels.last, last.isSummed == isSummed {
        levels[levels.count - 1].extent *= extent
      } else {
        levels.append(Level(extent: extent, isSummed: isSummed))
      }
    }
    if levels.isEmpty { levels = [Level(extent: 1, isSummed: false)] }
    var stride = 1
    for index in levels.indices.reversed() where !levels[index].isSummed {
      levels[index].stride = stride
      stride *= levels[index].extent
    }
  }

  /// Writes the sums of `source` to uninitialised memory for `shape.count` scalars.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == UInt64)
  package func callAsFunction<Scalar: Summable>(
    from source: UnsafePointer<Scalar>, to target: UnsafeMutablePointer<Scalar>
  ) {
    target.initialize(repeating: .zero, count: shape.count)
    var source = source
    levels.withUnsafeBufferPointer { walk($0[...], from: &source, to: target) }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == UInt64)
  private func walk<Scalar: Summable>(
    _ levels: Slice<UnsafeBufferPointer<Level>>, from source: inout UnsafePointer<Scalar>,
    to target: UnsafeMutablePointer<Scalar>
  ) {
    let level = levels[levels.startIndex]
    if levels.count == 1 {
      if level.isSummed {
        Scalar.add(source, count: level.extent, to: target)
      } else {
        Scalar.add(source, count: level.extent, toEach: target)
      }
      source += level.extent
    } else {
      for index in 0..<level.extent { walk(levels.dropFirst(), from: &source, to: target + index &* level.stride) }
    }
  }
}

/// What a sum needs of its scalars, a whole run at a time so that the loops are concrete.
package protocol Summable: Sendable {
  static var zero: Self { get }
  /// Adds all `count` scalars of a run to one.
  static func add(_ run: UnsafePointer<Self>, count: Int, to sum: UnsafeMutablePointer<Self>)
  /// Adds a run to another, scalar by scalar.
  static func add(_ run: UnsafePointer<Self>, count: Int, toEach sums: UnsafeMutablePointer<Self>)
}

extension Float: Summable {
  package static func add(_ run: UnsafePointer<Float>, count: Int, to sum: UnsafeMutablePointer<Float>) {
    // Sixteen partial sums: a vector register wide, and more accurate than one running sum.
    var lanes = SIMD16<Float>.zero
    var i = 0
    while i &+ 16 <= count {
      lanes += UnsafeRawPointer(run + i).loadUnaligned(as: SIMD16<Float>.self)
      i &+= 16
    }
    var rest: Float = 0
    while i < count {
      rest += run[i]
      i &+= 1
    }
    sum.pointee += lanes.sum() + rest
  }

  package static func add(_ run: UnsafePointer<Float>, count: Int, toEach sums: UnsafeMutablePointer<Float>) {
    for i in 0..<count { sums[i] += run[i] }
  }
}

extension UInt64: Summable {
  package static func add(_ run: UnsafePointer<UInt64>, count: Int, to sum: UnsafeMutablePointer<UInt64>) {
    var total: UInt64 = 0
    for i in 0..<count { total &+= run[i] }
    sum.pointee &+= total
  }

  package static func add(_ run: UnsafePointer<UInt64>, count: Int, toEach sums: UnsafeMutablePointer<UInt64>) {
    for i in 0..<count { sums[i] &+= run[i] }
  }
}
