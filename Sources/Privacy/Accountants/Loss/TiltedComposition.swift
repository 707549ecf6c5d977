import Foundation

/// The sum of many independent losses near one value, as probabilities with relative precision.
///
/// Each loss is weighted by e^(θL), which moves the sum's mean to where δ is read off; then powers of Fourier transforms
/// compose them, and the weights are taken off again. So rounding errors are relative to the tail and not to 1, and δ of
/// 1e-200 is as exact as one of 1e-2. What a cyclic convolution folds back only ever adds probability; what lies above the
/// window is bounded by Chernoff and added.
struct TiltedComposition {
  private let moments: LossMoments
  private let theta: Double
  private let value: Double
  private let mean: Double
  private let step: Double
  private let firstIndex: Int
  /// The tilted probability of grid index i at place i modulo the count, a power of two.
  private let weights: [Double]
  /// The tilted probability above the window.
  private let above: Double

  /// `window` reaches from this far below the tilted mean to this far above; `transform.count` steps fit it.
  init(moments: LossMoments, theta: Double, below: Double, transform: FourierTransform, step: Double, above: Double) {
    (self.moments, self.theta, self.step, self.above) = (moments, theta, step, above)
    value = moments.value(theta)
    mean = moments.meanAndDeviation(theta).mean
    firstIndex = Int(((mean - below) / step).rounded(.down))
    weights = Self.composed(moments, theta: theta, transform: transform)
  }

  /// The smallest ε ≥ 0 with δ(ε) ≤ δ for the finite losses; nil where it lies below the window.
  func epsilon(delta: Double) -> Double? {
    let center = Int((mean / step).rounded())
    // All sums are in units of e^(K(θ) − θ·center).
    let target = log(delta) - value + theta * Double(center) * step
    let slack = 1 + 1e-9 + 1e-13 * Double(moments.parts.reduce(0) { $0 + $1.count })
    let threshold = exp(target) / slack
    let top = firstIndex + weights.count
    var divergence = above * exp(-theta * Double(top - center) * step)
    var weight = 0.0
    let (shrink, grow) = (exp(-step), -expm1(-step))
    for place in weights.indices.reversed() {
      let index = firstIndex + place
      guard divergence <= threshold else { return Double(index + 1) * step }
      let probability = max(0, weights[index & (weights.count - 1)])
      let mass = weight + probability * exp(-theta * Double(index - center) * step)
      let next = divergence + grow * mass
      if next > threshold {
        return max(0, Double(index) * step + log1p(-(threshold - divergence) / mass))
      }
      if index <= 0 { return 0 }
      (divergence, weight) = (next, shrink * mass)
    }
    return nil
  }

  private static func composed(_ moments: LossMoments, theta: Double, transform: FourierTransform) -> [Double] {
    var (real, imaginary) = ([Double](), [Double](repeating: 0, count: transform.count))
    for (place, part) in moments.parts.enumerated() {
      var partReal = tilted(part.loss, theta: theta, count: transform.count)
      if place == 0 {
        transform.forward(&partReal, &imaginary)
        real = partReal
        raise(&real, &imaginary, to: part.count)
      } else {
        var partImaginary = [Double](repeating: 0, count: transform.count)
        transform.forward(&partReal, &partImaginary)
        raise(&partReal, &partImaginary, to: part.count)
        multiply(&real, &imaginary, by: partReal, partImaginary)
      }
    }
    transform.backward(&real, &imaginary)
    return real
  }

  /// The weighted probabilities, of sum 1, folded to `count` places by their indices.
  private static func tilted(_ loss: GridLoss, theta: Double, count: Int) -> [Double] {
    let normaliser = LossMoments(parts: [(loss, 1)]).value(theta)
    var folded = [Double](repeating: 0, count: count)
    for (place, probability) in loss.probabilities.enumerated() where probability > 0 {
      let index = loss.first + place
      folded[index & (count - 1)] += probability * exp(theta * Double(index) * loss.step - normaliser)
    }
    return folded
  }

  /// Takes each number to the power, by repeated squaring.
  private static func raise(_ real: inout [Double], _ imaginary: inout [Double], to power: Int) {
    for place in real.indices {
      var (re, im, remaining) = (real[place], imaginary[place], power)
      var (productReal, productImaginary) = (1.0, 0.0)
      while remaining > 0 {
        if remaining & 1 == 1 {
          (productReal, productImaginary) =
            (productReal * re - productImaginary * im, productReal * im + productImaginary * re)
        }
        (re, im) = (re * re - im * im, 2 * re * im)
        remaining >>= 1
      }
      (real[place], imaginary[place]) = (productReal, productImaginary)
    }
  }

  private static func multiply(
    _ real: inout [Double], _ imaginary: inout [Double], by otherReal: [Double], _ otherImaginary: [Double]
  ) {
    for place in real.indices {
      (real[place], imaginary[place]) = (
        real[place] * otherReal[place] - imaginary[place] * otherImaginary[place],
        real[place] * otherImaginary[place] + imaginary[place] * otherReal[place]
      )
    }
  }
}
