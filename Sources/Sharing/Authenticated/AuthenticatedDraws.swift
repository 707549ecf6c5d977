import Tensors

/// Authenticated randomness as a party takes it: each vector, then its MACs.
extension DealtDraws {
  /// A share of uniform words that nobody chooses.
  mutating func authenticatedMask(_ shape: Shape) -> AuthenticatedWords {
    let value = mask(2 * shape.count)
    return AuthenticatedWords(
      value: WideTensor(shape: shape, words: value), mac: WideTensor(shape: shape, words: macs(2 * shape.count)))
  }

  /// A share of words that the dealer chooses.
  mutating func authenticatedWords(_ shape: Shape) -> AuthenticatedWords {
    let value = words(2 * shape.count)
    return AuthenticatedWords(
      value: WideTensor(shape: shape, words: value), mac: WideTensor(shape: shape, words: macs(2 * shape.count)))
  }

  mutating func authenticatedMaskPlanes(_ rows: Int, _ count: Int) -> AuthenticatedPlanes {
    let bits = maskPlanes(rows, count)
    return AuthenticatedPlanes(words: bits, macs: macs(rows * count), rows: rows, count: count)
  }

  mutating func authenticatedPlanes(_ rows: Int, _ count: Int) -> AuthenticatedPlanes {
    let bits = planes(rows, count)
    return AuthenticatedPlanes(words: bits, macs: macs(rows * count), rows: rows, count: count)
  }
}
