import Foundation

/// How the noise of steps hangs together in DP-FTRL: the banded square root of the matrix of all prefix sums.
///
/// The sums G of T steps are released as `C·G + Z`, with C lower triangular, and the steps use `G + C⁻¹·Z`. C has the
/// coefficients `c₀ = 1, cⱼ = cⱼ₋₁·(2j − 1)/(2j)` along its diagonals, of which the first `band` are kept: without a band
/// `C·C` would be the matrix of ones below the diagonal, and the noise of prefix sums grow with log T, not with T.
///
/// One example is met once an epoch, always at the same place, so at most `epochs` times with at least `separation` steps
/// between. With `band ≤ separation` what it does to `C·G` one time has no row in common with what it does another time, so
/// that the squares add up: gradients of norm at most 1 move `C·G` by at most `√epochs · norm`, and that is reached.
///
/// - Source: N. Kalinin and C. Lampert, *Banded Square Root Matrix Factorization for Differentially Private Model Training*,
///   NeurIPS 2024; C. Choquette-Choo et al., *(Amplified) Banded Matrix Factorization*, NeurIPS 2023; adaptive inputs:
///   S. Denisov et al., *Improved Differential Privacy for SGD via Optimal Private Linear Operators on Adaptive Streams*,
///   NeurIPS 2022, theorem 2.1 (Gaussian noise and a lower triangular C).
package struct BandedRoot: Hashable, Sendable {
  /// c₀ to c of the band.
  package let coefficients: [Double]

  /// - Parameter band: at least 1, which is independent noise.
  package init(band: Int) {
    var value = 1.0
    coefficients = (0..<max(band, 1)).map { index in
      if index > 0 { value *= Double(2 * index - 1) / Double(2 * index) }
      return value
    }
  }

  package var band: Int { coefficients.count }

  /// The ℓ₂ norm of a column of C.
  package var norm: Double { coefficients.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  /// How far one example of gradients of norm 1 moves `C·G` in so many epochs.
  package func sensitivity(epochs: Int) -> Double { Double(epochs).squareRoot() * norm }

  /// The variance of the noise on each of the prefix sums of G, in units of Z's: the squared norms of the rows of
  /// `A·C⁻¹`, with A the matrix of ones.
  package func prefixVariances(steps: Int) -> [Double] {
    var filter: [Double] = []
    var variance = 0.0
    return (0..<steps).map { step in
      let before = min(step, band - 1)
      let taken = before < 1 ? 0 : (1...before).reduce(0.0) { $0 + coefficients[$1] * filter[step - $1] }
      filter.append(1 - taken)
      variance += filter[step] * filter[step]
      return variance
    }
  }

  /// The band, a power of two or all of the separation, with the least mean variance of prefix sums at one privacy.
  package static func best(steps: Int, separation: Int, largest: Int) -> BandedRoot {
    let limit = max(1, min(separation, largest))
    let bands = (0..<20).map { 1 << $0 }.filter { $0 < limit } + [limit]
    let errors = bands.map { band in
      let root = BandedRoot(band: band)
      return root.prefixVariances(steps: steps).reduce(0, +) * root.norm * root.norm
    }
    let index = errors.indices.min { errors[$0] < errors[$1] } ?? 0
    return BandedRoot(band: bands[index])
  }
}
