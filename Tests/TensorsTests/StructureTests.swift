import Tensors
import Testing

/// The oracle everywhere: each scalar of the result is looked up by its index, one at a time.
@Suite struct StructureTests {
  static let shapes: [Shape] = [
    [], [1], [7], [3, 5], [33, 18], [2, 3, 4], [4, 1, 5], [2, 3, 4, 5], [1, 2, 1, 3], [0, 4], [3, 0, 2],
  ]

  private func ramp(_ shape: Shape) -> Tensor<UInt64> {
    Tensor(shape: shape, scalars: (0..<shape.count).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 })
  }

  @Test(arguments: shapes)
  func transposing(shape: Shape) {
    let x = ramp(shape)
    for permutation in permutations(shape.rank) {
      let y = x.transposed(permutation)
      #expect(y.shape == Shape(permutation.map { shape[$0] }))
      let expected = indices(of: y.shape).map { index in
        var source = [Int](repeating: 0, count: shape.rank)
        for (axis, from) in permutation.enumerated() { source[from] = index[axis] }
        return x.at(source)
      }
      #expect(y.scalars == expected)
    }
  }

  @Test(arguments: shapes)
  func slicingAndPadding(shape: Shape) {
    let x = ramp(shape)
    for axis in shape.extents.indices {
      for range in [0..<shape[axis], 0..<(shape[axis] / 2), (shape[axis] / 2)..<shape[axis]] {
        let y = x.sliced(axis: axis, range)
        let expected = indices(of: y.shape).map { index in
          x.at(index.enumerated().map { $0.offset == axis ? $0.element + range.lowerBound : $0.element })
        }
        #expect(y.scalars == expected)
      }
      let y = x.padded(axis: axis, before: 2, after: 1, with: 9)
      let expected = indices(of: y.shape).map { index -> UInt64 in
        guard (2..<(2 + shape[axis])).contains(index[axis]) else { return 9 }
        return x.at(index.enumerated().map { $0.offset == axis ? $0.element - 2 : $0.element })
      }
      #expect(y.scalars == expected)
      #expect(y.sliced(axis: axis, 2..<(2 + shape[axis])) == x)
    }
  }

  @Test(arguments: shapes.filter { $0.rank > 0 })
  func concatenatingUndoesSlicing(shape: Shape) {
    let x = ramp(shape)
    for axis in shape.extents.indices {
      let cut = shape[axis] / 3
      let parts = [0..<cut, cut..<cut, cut..<shape[axis]].map { x.sliced(axis: axis, $0) }
      #expect(Tensor.concatenated(parts, axis: axis) == x)
    }
  }

  @Test func broadcasting() {
    let pairs: [(Shape, Shape)] = [
      ([], [2, 3]), ([3], [2, 3]), ([2, 1], [2, 3]), ([1, 4, 1], [5, 3, 4, 2]), ([3, 1, 2], [3, 4, 2]), ([1], [0]),
    ]
    for (from, to) in pairs {
      let x = ramp(from)
      let y = x.broadcast(to: to)
      let expected = indices(of: to).map { index in
        x.at(zip(index.suffix(from.rank), from.extents).map { $1 == 1 ? 0 : $0 })
      }
      #expect(y.shape == to)
      #expect(y.scalars == expected)
    }
  }

  @Test(arguments: shapes.filter { $0.count > 0 && $0.rank > 0 })
  func gatheringAndScattering(shape: Shape) {
    let x = ramp(shape)
    for axis in shape.extents.indices {
      let extent = shape[axis]
      let places = (0..<extent).map { $0 * 7 % 3 }
      let gathered = x.gathered(axis: axis, [extent - 1, 0, extent - 1])
      #expect(gathered.shape == shape.replacing(axis: axis, with: 3))
      #expect(
        gathered.scalars
          == indices(of: gathered.shape).map { index in
            var source = index
            source[axis] = index[axis] == 1 ? 0 : extent - 1
            return x.at(source)
          })
      let scattered = x.scattered(axis: axis, places, extent: 4)
      #expect(scattered.shape == shape.replacing(axis: axis, with: 4))
      #expect(
        scattered.scalars
          == indices(of: scattered.shape).map { index in
            places.indices.filter { places[$0] == index[axis] }.reduce(0) { sum, place in
              var source = index
              source[axis] = place
              return sum &+ x.at(source)
            }
          })
    }
  }

  @Test func gatheringRows() {
    let x = ramp([5, 2, 3])
    let y = x.gatherRows([4, 0, 0, 3])
    #expect(y.shape == [4, 2, 3])
    #expect(y == Tensor.concatenated([4, 0, 0, 3].map { x.sliced(axis: 0, $0..<($0 + 1)) }, axis: 0))
  }

  @Test(arguments: shapes)
  func sums(shape: Shape) {
    let x = ramp(shape)
    let floats = Tensor(shape: shape, scalars: (0..<shape.count).map { Float($0 % 11) - 4 })
    for axes in subsets(shape.rank) {
      let result = Shape(shape.extents.enumerated().map { axes.contains($0.offset) ? 1 : $0.element })
      var expected = Tensor<UInt64>(repeating: 0, shape: result)
      var expectedFloats = Tensor<Float>(repeating: 0, shape: result)
      for index in indices(of: shape) {
        let target = index.enumerated().map { axes.contains($0.offset) ? 0 : $0.element }
        let position = zip(target, result.strides).reduce(0) { $0 + $1.0 * $1.1 }
        expected.withScalars { $0[position] &+= x.at(index) }
        expectedFloats.withScalars { $0[position] += floats.at(index) }
      }
      #expect(x.summed(axes: axes) == expected)
      #expect(floats.summed(axes: axes) == expectedFloats)  // small integers: exact in any order
    }
  }

  /// Scalars of unusual size take the unspecialised path.
  @Test func otherScalars() {
    let names = Tensor(shape: [2, 2], scalars: ["a", "b", "c", "d"])
    #expect(names.transposed().scalars == ["a", "c", "b", "d"])
    #expect(names.padded(axis: 1, before: 0, after: 1, with: "-").scalars == ["a", "b", "-", "c", "d", "-"])
  }
}

extension Tensor {
  fileprivate func at(_ index: [Int]) -> Scalar {
    scalars[zip(index, shape.strides).reduce(0) { $0 + $1.0 * $1.1 }]
  }
}

private func indices(of shape: Shape) -> [[Int]] {
  shape.extents.reduce([[]]) { prefixes, extent in prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } } }
}

private func permutations(_ count: Int) -> [[Int]] {
  guard count > 0 else { return [[]] }
  return permutations(count - 1).flatMap { rest in
    (0...rest.count).map { place in Array(rest[..<place]) + [count - 1] + Array(rest[place...]) }
  }
}

private func subsets(_ count: Int) -> [[Int]] {
  (0..<(1 << count)).map { bits in (0..<count).filter { bits >> $0 & 1 == 1 } }
}
