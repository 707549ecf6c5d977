import Foundation

/// Gauss and Legendre's rule of 16 nodes on [0, 1].
enum GaussLegendre {
  static let nodes: [(place: Double, weight: Double)] = rule(count: 16)

  /// Newton's iteration on the Legendre polynomial, from Chebyshev's nodes.
  private static func rule(count: Int) -> [(Double, Double)] {
    (0..<count).map { index in
      var x = cos(Double.pi * (Double(index) + 0.75) / (Double(count) + 0.5))
      var slope = 1.0
      for _ in 0..<50 {
        var (last, value) = (1.0, x)
        for degree in 2...count {
          let degree = Double(degree)
          (last, value) = (value, ((2 * degree - 1) * x * value - (degree - 1) * last) / degree)
        }
        slope = Double(count) * (x * value - last) / (x * x - 1)
        x -= value / slope
      }
      return ((1 - x) / 2, 1 / ((1 - x * x) * slope * slope))
    }
  }
}
