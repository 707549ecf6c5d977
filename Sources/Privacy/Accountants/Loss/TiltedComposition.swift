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
  private let cumulants: LossMoments.Cumulants
  private let step: Double
  private let firstIndex: Int
  private let weights: [Double]
  /// The tilted probability above the window.
  private let above: Double

  /// `window` reaches from this far below the tilted mean to this far above; `transform.count` steps fit it.
  init(moments: LossMoments, theta: Double, below: Double, transform: FourierTransform, step: Double, above: Double) {
    (self.moments, self.theta, self.step, self.above) = (moments, theta, step, above)
    cumulants = moments.cumulants(theta)
    firstIndex = Int(((cumulants.mean - below) / step).rounded(.down))
    weights = Self.composed(moments, theta: theta, transform: transform, firstIndex: firstIndex)
  }

  /// The smallest ε ≥ 0 with δ(ε) ≤ δ for the finite losses; nil where it lies below the window.
  func epsilon(delta: Double) -> Double? {
    let center = Int((cumulants.mean / step).rounded())
    // All sums are in units of e^(K(θ) − θ·center).
    let target = log(delta) - cumulants.value + theta * Double(center) * step
    let slack = 1 + 1e-9 + 1e-13 * Double(moments.parts.reduce(0) { $0 + $1.count })
    let threshold = exp(target) / slack
    let top = firstIndex + weights.count
    var divergence = above * exp(-theta * Double(top - center) * step)
    var weight = 0.0
    let (shrink, grow) = (exp(-step), -expm1(-step))
    for place in weights.indices.reversed() {
      let index = firstIndex + place
      guard divergence <= threshold else { return Double(index + 1) * step }
      let mass = weight + weights[place] * exp(-theta * Double(index - center) * step)
      let next = divergence + grow * mass
      if next > threshold {
        return max(0, Double(index) * step + log1p(-(threshold - divergence) / mass))
      }
      if index <= 0 { return 0 }
      (divergence, weight) = (next, shrink * mass)
    }
    return nil
  }

  private static func composed(
    _ moments: LossMoments, theta: Double, transform: FourierTransform, firstIndex: Int
  ) -> [Double] {
    let count = transform.count
    var real = [Double](repeating: 1, count: count)
    var imaginary = [Double](repeating: 0, count: count)
    for (loss, power) in moments.parts {
      var (partReal, partImaginary) = (tilted(loss, theta: theta, count: count), [Double](repeating: 0, count: count))
      transform.forward(&partReal, &partImaginary)
      multiply(&real, &imaginary, partReal, partImaginary, power: power)
    }
    transform.backward(&real, &imaginary)
    return (0..<count).map { max(0, real[(firstIndex + $0) & (count - 1)]) }
  }

  /// The weighted probabilities, of sum 1, folded to `count` places by their indices.
  private static func tilted(_ loss: GridLoss, theta: Double, count: Int) -> [Double] {
    let normaliser = LossMoments(parts: [(loss, 1)]).cumulants(theta).value
    var folded = [Double](repeating: 0, count: count)
    for (place, probability) in loss.probabilities.enumerated() where probability > 0 {
      let index = loss.first + place
      folded[index & (count - 1)] += probability * exp(theta * Double(index) * loss.step - normaliser)
    }
    return folded
  }

  /// Multiplies by the power, by repeated squaring.
  private static func multiply(
    _ real: inout [Double], _ imaginary: inout [Double], _ baseReal: [Double], _ baseImaginary: [Double], power: Int
  ) {
    for place in real.indices {
      var (re, im, remaining) = (baseReal[place], baseImaginary[place], power)
      var (productReal, productImaginary) = (real[place], imaginary[place])
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
}
