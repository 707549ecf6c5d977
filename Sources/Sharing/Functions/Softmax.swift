import Tensors

extension FixedPointArithmetic {
  /// e^x normalised along the last axis, error below 5e-4 for 10 classes and 1.5e-3 for 100.
  ///
  /// Source: `docs/PROTOCOLS.md`, section 5.3: the largest of each row is subtracted first, so that exponents are not
  /// positive and their sum lies between 1 and the number of classes.
  public func softmax(_ x: Share) async throws -> Share {
    let axis = x.shape.rank - 1
    let classes = x.shape[axis]
    let largest = try await maximum(x, axis: axis)
    let shifted = scheme.subtract(x, scheme.map(largest, to: x.shape) { $0.broadcast(to: x.shape) })
    let powers = try await exponential(ofClipped: try await clipped(flat([shifted])), squarings: 4)
    let exponents = split(powers, like: [x.shape])[0]
    let sums = scheme.map(exponents, to: largest.shape) { $0.summed(axes: [axis]) }
    let inverse = try await reciprocal(ofSum: sums, upTo: classes)
    let spread = scheme.map(inverse, to: x.shape) { $0.broadcast(to: x.shape) }
    let product = try await scheme.multiply([Multiplication(.elementwise(x.shape), exponents, spread)])[0]
    return try await truncate(product, by: 2 * Self.innerBits - fractionBits)
  }

  /// 1 / s for s in [1, n] with the inner fraction bits, from a polynomial start in s / 2^⌈log₂ n⌉ and Newton's iteration
  /// w ← w(2 − sw). For n > 100 the start is 1/n, and a step doubles it until it is close.
  private func reciprocal(ofSum s: Share, upTo n: Int) async throws -> Share {
    let inner = Self.innerBits
    guard n > 1 else {
      return try await newton(s, from: scheme.add(scheme.scale(s, by: 0), word: word(1, bits: inner)), steps: 1)
    }
    let start = ReciprocalStart.covering(n)
    var bits = 0
    while 1 << bits < max(n, 2) { bits += 1 }
    let scale = Double(1 << bits)
    let t = try await truncate(s, by: bits)
    let square = try await multiply(t, t, truncatingBy: inner)
    let terms = scheme.add(
      scheme.product(t, by: word(start.linear * scale, bits: inner)),
      scheme.product(square, by: word(start.quadratic * scale * scale, bits: inner)))
    let first = add(try await truncate(terms, by: inner), start.constant, bits: inner)
    return try await newton(s, from: first, steps: start.steps)
  }

  private func newton(_ s: Share, from start: Share, steps: Int) async throws -> Share {
    let inner = Self.innerBits
    var w = start
    for _ in 0..<steps {
      let residue = add(negate(try await multiply(s, w, truncatingBy: inner)), 2, bits: inner)
      w = try await multiply(w, residue, truncatingBy: inner)
    }
    return w
  }
}

/// A polynomial close to 1/s on [1, n] and the Newton steps it needs.
struct ReciprocalStart {
  let constant: Double
  let linear: Double
  let quadratic: Double
  let steps: Int

  /// The published starts, by their largest s; beyond them a constant 1/n, which each step about doubles.
  static func covering(_ n: Int) -> ReciprocalStart {
    switch n {
    case ...4: .init(constant: 1.49589061, linear: -0.65753437, quadratic: 0.08767125, steps: 3)
    case ...10: .init(constant: 0.912109, linear: -0.19917022, quadratic: 0.01207092, steps: 4)
    case ...100: .init(constant: 0.161544111, linear: -4.21016231e-3, quadratic: 2.77898502e-5, steps: 7)
    default:
      .init(constant: 1 / Double(n), linear: 0, quadratic: 0, steps: Int.bitWidth - n.leadingZeroBitCount + 5)
    }
  }
}
