import Foundation
public import Privacy
public import Tensors

/// Linear regression from noised sufficient statistics: one release of the sums that the normal equations are made of.
///
/// Of each row `(x, C/2, y)` the products of all pairs of its numbers but `y·y` and the constant's square, whose sum is the
/// public number of rows, are taken as a vector, off the diagonal √2 of them since each stands there twice in the symmetric
/// matrix. The vector is shortened to the ℓ₂ norm `C²` and added up, so that a row's products more or less change the sums by at
/// most `C²`. They get Gaussian noise. A ridge of the noise's deviation keeps the solution from following the noise.
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
    let (rows, columns) = (features.shape[0], features.shape[1])
    let pairs = Self.pairs(columns)
    var sums = products(features, targets, pairs)
    let grid = try NoiseGrid(count: sums.count, noiseMultiplier: noiseMultiplier)
    let noise = try NoiseGrid.exactNoise()
    sums.withUnsafeMutableBufferPointer { sums in
      if let base = sums.baseAddress { grid.release(base, clip: clip * clip, noise: noise) }
    }
    var matrix = [[Double]](repeating: [Double](repeating: 0, count: columns + 2), count: columns + 2)
    for (sum, pair) in zip(sums, pairs) {
      let value = Double(sum) / Self.weight(pair) + (pair.0 == pair.1 ? noiseMultiplier * clip * clip : 0)
      (matrix[pair.0][pair.1], matrix[pair.1][pair.0]) = (value, value)
    }
    matrix[columns][columns] = Double(rows) * constant * constant
    let solution = Self.solve(matrix, unknowns: columns + 1)
    return (solution.prefix(columns).map { Float($0) }, Float(solution[columns] * constant))
  }

  /// What stands in each row for the bias.
  private var constant: Double { clip / 2 }

  /// The released products of x, the constant and y.
  private static func pairs(_ columns: Int) -> [(Int, Int)] {
    (0...columns).flatMap { i in (i..<columns + 2).map { (i, $0) } }.filter { $0 != (columns, columns) }
  }

  /// What makes the sums' Euclidean norm that of the symmetric matrix.
  private static func weight(_ pair: (Int, Int)) -> Double { pair.0 == pair.1 ? 1 : 2.0.squareRoot() }

  private func products(_ features: Tensor<Float>, _ targets: Tensor<Float>, _ pairs: [(Int, Int)]) -> [Float] {
    let (rows, columns) = (features.shape[0], features.shape[1])
    var sums = [Double](repeating: 0, count: pairs.count)
    for row in 0..<rows {
      var values = (0..<columns).map { Double(features.scalars[row * columns + $0]) }
      values += [constant, Double(targets.scalars[row])]
      let products = pairs.map { Self.weight($0) * values[$0.0] * values[$0.1] }
      let norm = products.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let factor = norm > clip * clip ? clip * clip / norm : 1
      for (index, product) in products.enumerated() { sums[index] += factor * product }
    }
    return sums.map { Float($0) }
  }

  /// The solution for the last column, by elimination with pivots; a singular system gives zeros.
  private static func solve(_ matrix: [[Double]], unknowns: Int) -> [Double] {
    var rows = (0..<unknowns).map { i in
      Array(matrix[i][...unknowns])
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
