/// Walks down a smooth function by what its last gradients say of its curvature.
///
/// - Source: J. Nocedal and S. Wright, *Numerical Optimization*, 2nd edition, 2006, algorithms 7.4 and 3.1.
package struct LimitedMemoryBFGS {
  /// How many steps are remembered.
  package var memory = 20
  package var iterations: Int
  /// Where the value is at most this, it stops.
  package var goal: Double

  package init(iterations: Int = 300, goal: Double = 0) {
    (self.iterations, self.goal) = (iterations, goal)
  }

  private struct Step {
    let move: [Double]
    let change: [Double]
    let curvature: Double
  }

  /// - Parameter function: gives value and gradient.
  package func minimise(
    from start: [Double], _ function: ([Double]) -> (value: Double, gradient: [Double])
  ) -> (point: [Double], value: Double) {
    var point = start
    var (value, gradient) = function(start)
    var steps: [Step] = []
    for _ in 0..<iterations where value.isFinite && value > goal {
      var direction = Self.direction(gradient, steps)
      var slope = Self.dot(direction, gradient)
      if !(slope < 0) {
        steps = []
        direction = gradient.map { -$0 }
        slope = Self.dot(direction, gradient)
      }
      guard slope < 0 else { break }
      // The first step is of length one at most: nothing is known of the scale yet.
      var length = steps.isEmpty ? min(1, 1 / (-slope).squareRoot()) : 1
      var next: (point: [Double], value: Double, gradient: [Double])?
      for _ in 0..<25 {
        let candidate = zip(point, direction).map { $0 + length * $1 }
        let found = function(candidate)
        if found.value.isFinite, found.value <= value + 1e-4 * length * slope {
          next = (candidate, found.value, found.gradient)
          break
        }
        length /= 2
      }
      guard let next else {
        guard !steps.isEmpty else { break }
        steps = []
        continue
      }
      let move = zip(next.point, point).map { $0 - $1 }
      let change = zip(next.gradient, gradient).map { $0 - $1 }
      let curvature = Self.dot(move, change)
      if curvature > 1e-10 * Self.dot(change, change) {
        steps.append(Step(move: move, change: change, curvature: curvature))
        if steps.count > memory { steps.removeFirst() }
      }
      (point, value, gradient) = next
    }
    return (point, value)
  }

  /// The two loops.
  private static func direction(_ gradient: [Double], _ steps: [Step]) -> [Double] {
    var direction = gradient.map { -$0 }
    var factors: [Double] = []
    for step in steps.reversed() {
      let factor = dot(step.move, direction) / step.curvature
      factors.append(factor)
      for index in direction.indices { direction[index] -= factor * step.change[index] }
    }
    if let last = steps.last {
      let scale = last.curvature / dot(last.change, last.change)
      for index in direction.indices { direction[index] *= scale }
    }
    for (step, factor) in zip(steps, factors.reversed()) {
      let other = dot(step.change, direction) / step.curvature
      for index in direction.indices { direction[index] += (factor - other) * step.move[index] }
    }
    return direction
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
