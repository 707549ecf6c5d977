import Tensors

extension Symbol {
  /// Scaled dot-product attention, `softmax(Q·Kᵀ / √d) · V`, row by row.
  ///
  /// - Parameters:
  ///   - query: `[n, d]`.
  ///   - key: `[m, d]`.
  ///   - value: `[m, e]`.
  /// - Returns: `[n, e]`, each row a mean of the rows of `value`. On shares it costs two products, the softmax, and one
  ///   truncation more where `√d` is no power of two.
  ///
  /// Source: A. Vaswani et al., *Attention Is All You Need*, NIPS 2017, section 3.2.1.
  public static func attention(query: Symbol, key: Symbol, value: Symbol) -> Symbol {
    precondition(
      query.shape.rank == 2 && query.shape[1] > 0, "attention needs a query of rows, not of shape \(query.shape)")
    let scores = query.matmul(key, transposeRight: true) * (1 / Float(query.shape[1]).squareRoot())
    return scores.softmax().matmul(value)
  }
}
