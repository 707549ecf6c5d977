import Foundation
public import Privacy
public import Tensors

/// Linear regression from noised sufficient statistics: one release of the sums that the normal equations are made of.
///
/// Each row `(x, 1/√2 · C, y)` is shortened to the ℓ₂ norm `C`, and the products of all pairs of its numbers are added up;
/// one row more or less changes their sum, taken as a symmetric matrix, by at most `C²`. The matrix gets Gaussian noise, off
/// its diagonal 1/√2 of it since each number stands there twice. A ridge of twice the noise's deviation keeps the solution
/// from following the noise.
///
/// - Source: Y.-X. Wang, *Revisiting Differentially Private Linear Regression*, UAI 2018 (with a fixed ridge);
///   D. Vu and A. Slavković, ICDM Workshops 2009.
public struct NoisedLeastSquares: Hashable, Sendable {
  /// C.
  public let clip: Double
  /// The noise's deviation over `C²`.
  public let noiseMultiplier: Double

  /// - Throws: ``LearningError`` where a number is out of range.
  public init(clip: Double, noiseMultiplier: Double) throws(LearningError) {
    try ExamplePrivacy(clipping: .flat(norm: clip), noiseMultiplier: noiseMultiplier).validate()
    (self.clip, self.noiseMultiplier) = (clip, noiseMultiplier)
  }

  /// What a fit releases.
  public var event: PrivacyEvent { .gaussian(noiseMultiplier: noiseMultiplier) }

  /// The weights `[columns]` and the bias of a linear model, from features `[rows, columns]` and targets `[rows, 1]`.
  public func fit(features: Tensor<Float>, targets: Tensor<Float>) throws(LearningError) -> (
    weights: [Float], bias: Float
  ) {
    let columns = features.shape[1]
    let size = columns + 2
    let intercept = clip / 2.0.squareRoot()
    var sums = products(features, targets, intercept: intercept)
    let grid = try NoiseGrid(count: sums.count, noiseMultiplier: noiseMultiplier, sampler: .exact)
    let stream = SecretStream()
    sums.withUnsafeMutableBufferPointer { sums in
      if let base = sums.baseAddress { grid.release(base, clip: clip * clip, divisor: 1, stream: stream) }
    }
    var matrix = [[Double]](repeating: [Double](repeating: 0, count: size), count: size)
    for (index, pair) in Self.pairs(size).enumerated() {
      let value = Double(sums[index]) / Self.weight(pair)
      (matrix[pair.0][pair.1], matrix[pair.1][pair.0]) = (value, value)
    }
    let ridge = 2 * noiseMultiplier * clip * clip
    let solution = Self.solve(matrix, unknowns: columns + 1, ridge: ridge)
    return (solution.prefix(columns).map { Float($0) }, Float(solution[columns] * intercept))
  }

  private static func pairs(_ size: Int) -> [(Int, Int)] { (0..<size).flatMap { i in (i..<size).map { (i, $0) } } }

  /// What makes the sums' Euclidean norm that of the symmetric matrix.
  private static func weight(_ pair: (Int, Int)) -> Double { pair.0 == pair.1 ? 1 : 2.0.squareRoot() }

  private func products(_ features: Tensor<Float>, _ targets: Tensor<Float>, intercept: Double) -> [Float] {
    let (rows, columns) = (features.shape[0], features.shape[1])
    let pairs = Self.pairs(columns + 2)
    var sums = [Double](repeating: 0, count: pairs.count)
    for row in 0..<rows {
      var values = (0..<columns).map { Double(features.scalars[row * columns + $0]) }
      values += [intercept, Double(targets.scalars[row])]
      let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
      if norm > clip { for index in values.indices { values[index] *= clip / norm } }
      for (index, pair) in pairs.enumerated() { sums[index] += Self.weight(pair) * values[pair.0] * values[pair.1] }
    }
    return sums.map { Float($0) }
  }

  /// The solution for the last column, by elimination with pivots; a singular system gives zeros.
  private static func solve(_ matrix: [[Double]], unknowns: Int, ridge: Double) -> [Double] {
    var rows = (0..<unknowns).map { i in
      (0..<unknowns).map { matrix[i][$0] + ($0 == i ? ridge : 0) } + [matrix[i][unknowns]]
    }
    for column in 0..<unknowns {
      let pivot = (column..<unknowns).max { abs(rows[$0][column]) < abs(rows[$1][column]) } ?? column
      rows.swapAt(column, pivot)
      guard abs(rows[column][column]) > 1e-12 else { return [Double](repeating: 0, count: unknowns) }
      for row in 0..<unknowns where row != column {
        let factor = rows[row][column] / rows[column][column]
        for index in column...unknowns { rows[row][index] -= factor * rows[column][index] }
      }
    }
    return (0..<unknowns).map { rows[$0][unknowns] / rows[$0][$0] }
  }
}
