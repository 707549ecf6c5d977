import Privacy
package import Tensors

extension CheckedScheme {
  /// Noise that no party chooses: the sum of three rounded normal deviates of deviation 2^bits a scalar. Component j is drawn by both of
  /// its holders from their key, so that one of them is honest and nothing is sent (`docs/protocols/replicated-malicious.md`, 7).
  ///
  /// One party knows two of the three.
  ///
  /// - Parameter bits: in 4...26.
  package func noise(of shapes: [Shape], bits: Int) throws -> [CheckedShare] {
    let noise = try GaussianNoise(bits: bits)
    let draws = beginOperation()
    let (first, second) = (draws.words(.first, 0, count: 2), draws.words(.second, 0, count: 2))
    return shapes.enumerated().map { place, shape in
      CheckedShare(
        first: noise.words(shape, key: first, place: place), second: noise.words(shape, key: second, place: place))
    }
  }
}
