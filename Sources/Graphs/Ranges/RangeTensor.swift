import Tensors

/// An interval for each scalar of a tensor; an axis along which all intervals are alike has extent 1.
struct RangeTensor {
  var extents: [Int]
  var intervals: [Interval]

  /// More intervals than this are replaced by the one that holds them all.
  static let largestCount = 1 << 22

  init(extents: [Int], intervals: [Interval]) {
    self.extents = extents
    self.intervals = intervals
  }

  /// The same interval everywhere.
  init(_ interval: Interval, rank: Int) {
    extents = [Int](repeating: 1, count: rank)
    intervals = [interval]
  }

  /// The smallest interval that holds all.
  var hull: Interval { intervals.dropFirst().reduce(intervals.first ?? Interval(0, 0)) { $0.union($1) } }

  func mapped(_ body: (Interval) -> Interval) -> RangeTensor {
    RangeTensor(extents: extents, intervals: intervals.map(body))
  }

  /// Scalars of two tensors paired by NumPy's rules.
  func zipped(_ other: RangeTensor, _ body: (Interval, Interval) -> Interval) -> RangeTensor {
    let rank = Swift.max(extents.count, other.extents.count)
    let (a, b) = (ranked(rank), other.ranked(rank))
    let joint = zip(a.extents, b.extents).map { Swift.max($0, $1) }
    guard joint.reduce(1, *) <= Self.largestCount else { return RangeTensor(body(a.hull, b.hull), rank: rank) }
    let (left, right) = (a.expanded(to: joint), b.expanded(to: joint))
    return RangeTensor(extents: joint, intervals: zip(left.intervals, right.intervals).map(body))
  }

  /// With axes of extent 1 in front.
  func ranked(_ rank: Int) -> RangeTensor {
    RangeTensor(
      extents: [Int](repeating: 1, count: Swift.max(0, rank - extents.count)) + extents, intervals: intervals)
  }

  /// Repeats axes of extent 1.
  func expanded(to target: [Int]) -> RangeTensor {
    guard target != extents else { return self }
    var strides = [Int](repeating: 0, count: extents.count)
    var stride = 1
    for axis in extents.indices.reversed() {
      strides[axis] = extents[axis] == 1 ? 0 : stride
      stride *= extents[axis]
    }
    return gathered(target, strides)
  }

  /// A tensor whose scalar at each index is the one that the strides lead to.
  private func gathered(_ target: [Int], _ strides: [Int]) -> RangeTensor {
    let count = target.reduce(1, *)
    var result: [Interval] = []
    result.reserveCapacity(count)
    var index = [Int](repeating: 0, count: target.count)
    var offset = 0
    for _ in 0..<count {
      result.append(intervals[offset])
      for axis in target.indices.reversed() {
        index[axis] += 1
        offset += strides[axis]
        if index[axis] < target[axis] { break }
        offset -= strides[axis] * target[axis]
        index[axis] = 0
      }
    }
    return RangeTensor(extents: target, intervals: result)
  }

  func transposed(_ permutation: [Int]) -> RangeTensor {
    var strides = [Int](repeating: 1, count: extents.count)
    for axis in extents.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * extents[axis + 1] }
    return gathered(permutation.map { extents[$0] }, permutation.map { strides[$0] })
  }

  /// Folds an axis to extent 1.
  func folded(axis: Int, _ body: (Interval, Interval) -> Interval) -> RangeTensor {
    let (extent, inner) = (extents[axis], extents[(axis + 1)...].reduce(1, *))
    guard extent > 1 else { return self }
    var result: [Interval] = []
    for outer in 0..<intervals.count / (extent * inner) {
      for offset in 0..<inner {
        var folded = intervals[outer * extent * inner + offset]
        for step in 1..<extent { folded = body(folded, intervals[(outer * extent + step) * inner + offset]) }
        result.append(folded)
      }
    }
    var folded = extents
    folded[axis] = 1
    return RangeTensor(extents: folded, intervals: result)
  }

  /// The smallest intervals that hold everything along the axes.
  func hull(alongAxes axes: some Sequence<Int>) -> RangeTensor {
    axes.reduce(self) { $0.folded(axis: $1) { $0.union($1) } }
  }

  /// The sum along an axis of `count` scalars.
  func summed(axis: Int, count: Int) -> RangeTensor {
    extents[axis] > 1 ? folded(axis: axis) { $0 + $1 } : mapped { $0 * Double(count) }
  }

  /// Part of an axis.
  func sliced(axis: Int, _ range: Range<Int>) -> RangeTensor {
    guard extents[axis] > 1 else { return self }
    let inner = extents[(axis + 1)...].reduce(1, *)
    let block = extents[axis] * inner
    var result: [Interval] = []
    for outer in 0..<intervals.count / Swift.max(block, 1) {
      result += intervals[(outer * block + range.lowerBound * inner)..<(outer * block + range.upperBound * inner)]
    }
    var extents = extents
    extents[axis] = range.count
    return RangeTensor(extents: extents, intervals: result.isEmpty ? [hull] : result)
  }

  /// The tensor of another shape; `shape` is that of the values it describes now.
  func reshaped(from shape: Shape, to target: Shape) -> RangeTensor {
    guard intervals.count > 1 else { return RangeTensor(hull, rank: target.rank) }
    let keepsBatch = extents[0] == 1 && target.rank > 0 && target[0] == shape[0]
    let source = keepsBatch ? [1] + shape.extents.dropFirst() : shape.extents
    let result = keepsBatch ? [1] + target.extents.dropFirst() : target.extents
    guard source.reduce(1, *) <= Self.largestCount else { return RangeTensor(hull, rank: target.rank) }
    return RangeTensor(extents: Array(result), intervals: expanded(to: Array(source)).intervals)
  }

  /// Tensors one after the other; `counts` are the extents of the values along the axis.
  static func concatenated(_ parts: [RangeTensor], axis: Int, counts: [Int]) -> RangeTensor {
    let rank = parts[0].extents.count
    var joint = (0..<rank).map { axis in parts.reduce(1) { Swift.max($0, $1.extents[axis]) } }
    joint[axis] = 1
    let others = joint.reduce(1, *)
    guard others * counts.reduce(0, +) <= largestCount else {
      return RangeTensor(parts.dropFirst().reduce(parts[0].hull) { $0.union($1.hull) }, rank: rank)
    }
    let inner = joint[(axis + 1)...].reduce(1, *)
    let expanded = zip(parts, counts).map { part, count in
      var extents = joint
      extents[axis] = count
      return part.expanded(to: extents)
    }
    var result: [Interval] = []
    for outer in 0..<joint[..<axis].reduce(1, *) {
      for (part, count) in zip(expanded, counts) {
        result += part.intervals[(outer * count * inner)..<((outer + 1) * count * inner)]
      }
    }
    joint[axis] = counts.reduce(0, +)
    return RangeTensor(extents: joint, intervals: result)
  }
}
