import Tensors

/// Normalised powers along the last axis.
///
/// The largest of each row is subtracted first, so that exponents are in [−16, 0] after a clip, and the sum s of the n powers
/// in [1, n]. Source: `docs/PROTOCOLS.md`, section 5.3.
extension FixedPointArithmetic {
  /// e^x / Σ e^x along the last axis, error below 4e-6·(n + 2) plus 2 units in the last place for n classes; seen:
  /// 3e-5 for 10, 7e-5 for 300.
  ///
  /// Rounds for 10 classes: 23 for the maximum, 10 for the clip, 15 for the powers, 18 for the division: 66; about 4.9 kilobytes a row
  /// at f = 16. Where the width proves that no exponent is below −16 there is no clip.
  public func softmax(_ x: Share, width: Int? = nil) async throws -> Share {
    let axis = x.shape.rank - 1
    let classes = x.shape[axis]
    guard classes > 1 else { return scheme.constant(RingTensor(repeating: word(1), shape: x.shape)) }
    guard classes <= ReciprocalStart.mostClasses else { return try await softmaxByLogarithm(x, width: width) }
    let shifted = try await shiftedByMaximum(x, axis: axis, width: width)
    let powers = try await exponential(ofClipped: try await clippedDifference(shifted, width: width))
    let start = ReciprocalStart(classes: classes)
    let sums = scheme.map(powers, to: x.shape.replacing(axis: axis, with: 1)) { $0.summed(axes: [axis]) }
    let inner = Self.innerBits
    let parts = try await scheme.truncate([
      Truncation(powers, by: 2 * inner - start.dividendBits),
      Truncation(scaled(sums, by: start.stretchNumerator), by: inner + start.stretchShift),
    ])
    return try await divide(parts[0], by: parts[1], start)
  }

  /// x − ln Σ e^x along the last axis, error below 4e-6·(n + 1) plus 2 units in the last place for n classes;
  /// seen: 3e-5 for 10, 2.2e-4 for 300.
  ///
  /// Rounds for 10 classes: 23 for the maximum, 10 for the clip, 15 for the powers, 22 for the logarithm: 70.
  public func logSoftmax(_ x: Share, width: Int? = nil) async throws -> Share {
    let axis = x.shape.rank - 1
    let classes = x.shape[axis]
    guard classes > 1 else { return scheme.constant(RingTensor(repeating: 0, shape: x.shape)) }
    let shifted = try await shiftedByMaximum(x, axis: axis, width: width)
    let powers = try await exponential(ofClipped: try await clippedDifference(shifted, width: width))
    let inner = Self.innerBits
    let sum = try await rowSums(powers, x.shape.replacing(axis: axis, with: 1))
    // Rounding may leave the sum just below 1.
    let product = try await logarithm(
      sum, argumentBits: inner, places: inner - 1..<inner + classes.bitLength, width: inner + classes.bitLength + 1)
    let logarithm = try await truncate(product, by: 2 * inner - fractionBits)
    return scheme.subtract(shifted, scheme.map(logarithm, to: x.shape) { $0.broadcast(to: x.shape) })
  }

  /// Sums along the last axis with the inner fraction bits: truncated after the sum where it stays in range.
  private func rowSums(_ powers: Scheme.Product, _ shape: Shape) async throws -> Share {
    let axis = shape.rank - 1
    guard powers.shape[axis] > 8192 else {
      return try await truncate(scheme.map(powers, to: shape) { $0.summed(axes: [axis]) }, by: Self.innerBits)
    }
    return scheme.map(try await truncate(powers, by: Self.innerBits), to: shape) { $0.summed(axes: [axis]) }
  }

  /// For many classes: e^(x − ln Σ e^x).
  private func softmaxByLogarithm(_ x: Share, width: Int?) async throws -> Share {
    let exponents = flat([try await logSoftmax(x, width: width)])
    // The logarithm of the sum takes exponents further down than differences go.
    let raised = try await raised(exponents, width: differenceWidth(width))
    let powers = try await exponential(ofClipped: raised)
    let working = try await truncate(powers, by: 2 * Self.innerBits - fractionBits)
    return split(working, like: [x.shape])[0]
  }

  private func shiftedByMaximum(_ x: Share, axis: Int, width: Int?) async throws -> Share {
    let largest = try await maximum(x, axis: axis, width: width)
    return scheme.subtract(x, scheme.map(largest, to: x.shape) { $0.broadcast(to: x.shape) })
  }

  /// Clips differences of arguments of the given width.
  private func clippedDifference(_ x: Share, width: Int?) async throws -> Share {
    try await clipped(x, width: differenceWidth(width))
  }

  /// x / s along the last axis, given t = δ·s; 18 rounds for 10 classes.
  ///
  /// P(t) is about 1 / (L·t); then e = 1 − L·t·P is squared again and again: 1/s = δL·P·(1 + e)(1 + e²)(1 + e⁴)…, the last two
  /// factors as 1 + e + e².
  private func divide(_ x: Share, by t: Share, _ start: ReciprocalStart) async throws -> Share {
    let inner = Self.innerBits
    var w = try await evaluate([(start.polynomial, at: t)])[0]
    let form = Bilinear.elementwise(t.shape)
    let first = try await scheme.multiply([Multiplication(form, t, w)])[0]
    let filled = try await truncate(scaled(first, by: start.leadNumerator), by: inner + start.leadShift)
    var e = add(negate(filled), 1, bits: inner)
    for _ in 0..<start.steps {
      let step = try await multiply([(w, add(e, 1, bits: inner), truncatingBy: inner), (e, e, truncatingBy: inner)])
      (w, e) = (step[0], step[1])
    }
    func spread(_ share: Share) -> Share { scheme.map(share, to: x.shape) { $0.broadcast(to: x.shape) } }
    let products = try await scheme.multiply([
      Multiplication(.elementwise(x.shape), x, spread(w)), Multiplication(form, e, e),
    ])
    let parts = try await scheme.truncate([
      Truncation(
        scaled(products[0], by: start.leadNumerator * start.stretchNumerator),
        by: start.dividendBits + start.leadShift + start.stretchShift),
      Truncation(products[1], by: inner),
    ])
    let factor = spread(add(scheme.add(e, parts[1]), 1, bits: inner))
    let last = try await scheme.multiply([Multiplication(.elementwise(x.shape), parts[0], factor)])[0]
    return try await truncate(last, by: 2 * inner - fractionBits)
  }
}
