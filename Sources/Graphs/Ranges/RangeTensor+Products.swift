import Tensors

/// Sums of products, by middle and radius: Σ (x ± r)(w ± s) is Σ xw, give or take Σ |x| s + r (|w| + s).
///
/// With known weights, where s is the rounding alone, this is the exact range of each output unit.
extension RangeTensor {
  /// `[m, k] · [k, n]`, with `count` summands; any extent may be 1 for alike.
  func matmul(_ other: RangeTensor, count: Int) -> RangeTensor {
    let inner = Swift.max(extents[1], other.extents[0])
    let left = Factors(expanded(to: [extents[0], inner]).intervals)
    let right = Factors(other.expanded(to: [inner, other.extents[1]]).intervals)
    let (m, n) = (extents[0], other.extents[1])
    let repeats = inner == 1 ? Double(count) : 1
    return RangeTensor(extents: [m, n], intervals: left.products(right, m, inner, n).map { $0 * repeats })
  }

  /// A convolution, by channel: each output channel is bounded by what the input channels hold anywhere in the plane.
  ///
  /// - Parameter taps: positions of the kernel; the weight's intervals may be alike over them.
  func convolved(_ weight: RangeTensor, channels: Int, taps: Int, isPadded: Bool) -> RangeTensor {
    let zero = Interval(0, 0)
    let input = hull(alongAxes: [2, 3]).mapped { isPadded ? $0.union(zero) : $0 }
    let kernels = weight.tapSums(taps: taps)
    let inner = Swift.max(input.extents[1], weight.extents[1])
    let right = kernels.expanded(rows: weight.extents[0], columns: weight.extents[1], to: inner).transposed(
      weight.extents[0], inner)
    let left = Factors(input.expanded(to: [input.extents[0], inner, 1, 1]).intervals)
    let repeats = inner == 1 ? Double(channels) : 1
    return RangeTensor(
      extents: [input.extents[0], weight.extents[0], 1, 1],
      intervals: left.products(right, input.extents[0], inner, weight.extents[0]).map { $0 * repeats })
  }

  /// The weight's factors `[o, c]`, summed over the kernel's positions.
  private func tapSums(taps: Int) -> Factors {
    let size = extents[2] * extents[3]
    let repeats = size == 1 ? Double(taps) : 1
    let all = Factors(intervals)
    func sums(_ values: [Double]) -> [Double] {
      Swift.stride(from: 0, to: values.count, by: size).map { start in
        values[start..<start + size].reduce(0, +) * repeats
      }
    }
    return Factors(middle: sums(all.middle), distance: sums(all.distance), radius: sums(all.radius))
  }
}

/// Matrices of intervals apart: middles, their distances from zero, radii.
private struct Factors {
  var middle: [Double]
  var distance: [Double]
  var radius: [Double]

  init(middle: [Double], distance: [Double], radius: [Double]) {
    self.middle = middle
    self.distance = distance
    self.radius = radius
  }

  init(_ intervals: [Interval]) {
    middle = intervals.map { ($0.low + $0.high) / 2 }
    distance = middle.map { abs($0) }
    radius = intervals.map { ($0.high - $0.low) / 2 }
  }

  /// `[rows, columns]` with alike columns repeated.
  func expanded(rows: Int, columns: Int, to count: Int) -> Factors {
    guard columns != count else { return self }
    func repeated(_ values: [Double]) -> [Double] { values.flatMap { [Double](repeating: $0, count: count) } }
    return Factors(middle: repeated(middle), distance: repeated(distance), radius: repeated(radius))
  }

  func transposed(_ rows: Int, _ columns: Int) -> Factors {
    func turned(_ values: [Double]) -> [Double] {
      (0..<columns).flatMap { column in (0..<rows).map { values[$0 * columns + column] } }
    }
    return Factors(middle: turned(middle), distance: turned(distance), radius: turned(radius))
  }

  /// The intervals of `[m, k] · [k, n]`, rounded outwards.
  func products(_ other: Factors, _ m: Int, _ k: Int, _ n: Int) -> [Interval] {
    var result: [Interval] = []
    result.reserveCapacity(m * n)
    for row in 0..<m {
      var middles = [Double](repeating: 0, count: n)
      var radii = [Double](repeating: 0, count: n)
      for step in 0..<k {
        let (x, a, r) = (middle[row * k + step], distance[row * k + step], radius[row * k + step])
        for column in 0..<n {
          let place = step * n + column
          middles[column] += x * other.middle[place]
          radii[column] += (a + r) * other.radius[place] + r * other.distance[place]
        }
      }
      for (middle, radius) in zip(middles, radii) {
        let outward = radius * (1 + 1e-9) + abs(middle) * 1e-9
        result.append(Interval(middle - outward, middle + outward))
      }
    }
    return result
  }
}
