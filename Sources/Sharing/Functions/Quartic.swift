import Tensors

/// A polynomial of degree four whose leading coefficient is numerator / 2^shift, so that two products evaluate it:
/// (numerator / 2^shift) · ((y + x + α₂)·y + α₃) with y = x·(x + α₀) + α₁.
///
/// Source: Knuth, *The Art of Computer Programming* 2, section 4.6.4, equation (9).
struct Quartic: Hashable, Sendable {
  let numerator: Int
  let shift: Int
  /// α₀…α₃.
  let adapted: [Double]

  var leading: Double { Double(numerator) / Double(1 << shift) }

  /// - Parameter coefficients: of 1, x, x² and x³.
  init(_ coefficients: [Double], leading numerator: Int, over shift: Int = 0) {
    self.numerator = numerator
    self.shift = shift
    let monic = coefficients.map { $0 * Double(1 << shift) / Double(numerator) }
    let a0 = (monic[3] - 1) / 2
    let rest = monic[2] - a0 * (a0 + 1)
    let a1 = monic[1] - a0 * rest
    let a2 = rest - 2 * a1
    adapted = [a0, a1, a2, monic[0] - a1 * (a1 + a2)]
  }
}

extension FixedPointArithmetic {
  /// Each polynomial at its share; 6 rounds for all.
  ///
  /// - Parameters:
  ///   - bits: fraction bits of the arguments, 24...28, at most 32 − shift.
  ///   - result: fraction bits of the values, at most those of the arguments.
  func evaluate(
    _ items: [(Quartic, at: Share)], argumentBits bits: Int = 24, resultBits result: Int = 24
  ) async throws -> [Share] {
    let first = try await multiply(
      items.map { ($0.at, add($0.at, $0.0.adapted[0], bits: bits), truncatingBy: 2 * bits - result) })
    let ys = zip(first, items).map { add($0, $1.0.adapted[1], bits: result) }
    let second = try await scheme.multiply(
      zip(ys, items).map { y, item in
        let lifted = bits == result ? y : scheme.scale(y, by: 1 << UInt64(bits - result))
        let left = add(scheme.add(lifted, item.at), item.0.adapted[2], bits: bits)
        return Multiplication(.elementwise(y.shape), left, y)
      })
    let products = try await scheme.truncate(
      zip(second, items).map { Truncation(scaled($0, by: $1.0.numerator), by: bits + $1.0.shift) })
    return zip(products, items).map { add($0, $1.0.adapted[3] * $1.0.leading, bits: result) }
  }

  /// A product times a small public number.
  func scaled(_ product: Scheme.Product, by factor: Int) -> Scheme.Product {
    guard factor != 1 else { return product }
    let word = UInt64(bitPattern: Int64(factor))
    return scheme.scale(product, by: word)
  }
}
