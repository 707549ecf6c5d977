import Arithmetic
import Sharing
import Tensors
import TestSupport
import Testing

/// Operands whose masks are opened once, for any scheme with a dealer.
enum FixedOperands {
  /// Oracle: ring arithmetic in the clear, exact; the other operand's words are all that is sent.
  static func check<Harness: SchemeHarness>(
    _ harness: Harness, partyCount: Int, wordByteCount: Int, seed: UInt64
  ) async throws where Harness.Scheme: DealtScheme {
    var generator = SeedTree(seed: seed).generator()
    let weights = generator.words([7, 5])
    let batches = (1...3).map { generator.words([$0, 7]) }
    let forms = batches.indices.map {
      Bilinear.matmul(m: $0 + 1, k: 7, n: 5, transposeLeft: false, transposeRight: false)
    }
    let turned = Bilinear.matmul(m: 7, k: 5, n: 7, transposeLeft: false, transposeRight: true)
    let results = try await harness.evaluate([weights] + batches) { scheme, shares in
      try scheme.beginStep(of: "model", at: nil)
      let fixed = try await scheme.fix([shares[0]])[0]
      var results: [Harness.Scheme.Share] = []
      for (index, x) in shares.dropFirst().enumerated() {
        try scheme.beginStep(of: "queries of \(index)", at: nil)
        let before = scheme.traffic
        let products = try await scheme.multiply([
          Multiplication(forms[index], x, fixed), Multiplication(turned, fixed, fixed),
        ])
        let sent = (scheme.traffic - before).byteCount
        #expect(sent == wordByteCount * 7 * (index + 1) * (partyCount - 1))
        results += try await scheme.reduce(products)
      }
      return results
    }
    for (index, batch) in batches.enumerated() {
      #expect(results.values[2 * index] == forms[index](batch, weights))
      #expect(results.values[2 * index + 1] == turned(weights, weights))
    }
  }
}
