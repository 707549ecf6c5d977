import Privacy
package import Tensors

extension AuthenticatedScheme {
  /// Rounded normal deviates of deviation 2^bits that the dealer has drawn and nobody else knows (`docs/protocols/spdz.md`, 7). No
  /// rounds; dealt: 32 bytes a scalar.
  ///
  /// - Parameter bits: in 4...26.
  package func noise(of shapes: [Shape], bits: Int) async throws -> [AuthenticatedShare] {
    _ = try GaussianNoise(bits: bits)
    var draws = try await deal(.noise(counts: shapes.map(\.count), bits: bits))
    // The key.
    draws.skip()
    return shapes.map { AuthenticatedShare(draws.authenticatedWords($0)) }
  }
}
