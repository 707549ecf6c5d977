import Tensors

extension FixedPointArithmetic {
  /// x·Φ(x), Φ being the normal distribution function: any x, error below 1.7e-4 plus 1 unit in the last place.
  ///
  /// With c = x clipped to [−4, 4], x·Φ(x) = c/2 + h(c²/16) + relu(x − 4) up to 1.3e-4, and h is a polynomial of degree 8 in
  /// two factors of degree 4. 10 rounds for two comparisons at once, 12 for the polynomial: 22 rounds and 424 bytes a scalar (24
  /// rounds below 16 fraction bits).
  ///
  /// Source: Hendrycks and Gimpel, *Gaussian Error Linear Units*, 2016; `docs/PROTOCOLS.md`, section 5.5, with an even polynomial
  /// in place of one of |x|.
  public func gelu(_ shares: [Share], width: Int? = nil) async throws -> [Share] {
    try await batched(shares) { x in
      let excess = try await relu([add(x, 4), add(x, -4)], width: sumWidth(width, plus: 4))
      let clipped = add(scheme.subtract(excess[0], excess[1]), -4)
      let inner = Self.innerBits
      let lifted = lift(clipped)
      // s = (c/4)²: four more bits behind the point.
      let square = try await multiply(lifted, lifted, truncatingBy: inner + 4)
      let factors = try await evaluate([(.geluFirst, at: square), (.geluSecond, at: square)])
      // h = −11 times the factors; c/2 joins it before the one truncation.
      let product = try await scheme.multiply([Multiplication(.elementwise(x.shape), factors[0], factors[1])])[0]
      let sum = scheme.add(scaled(product, by: -11), scheme.product(lifted, by: 1 << UInt64(inner - 1)))
      return scheme.add(try await truncate(sum, by: 2 * inner - fractionBits), excess[1])
    }
  }
}

extension FixedPointArithmetic {
  /// Φ(x) + x·φ(x), the derivative of ``gelu(_:width:)``: any x, error below 3e-4 plus 1 unit in the last place.
  ///
  /// With c = x clipped to [−4.5, 4.5]: ½ + c·q(c²/16), q a polynomial of degree 8 in two factors. 10 rounds for two comparisons at
  /// once, 15 for the polynomial (2 more below 16 fraction bits).
  public func geluGradient(_ shares: [Share], width: Int? = nil) async throws -> [Share] {
    try await batched(shares) { x in
      let excess = try await relu([add(x, 4.5), add(x, -4.5)], width: sumWidth(width, plus: 4.5))
      let lifted = lift(add(scheme.subtract(excess[0], excess[1]), -4.5))
      let inner = Self.innerBits
      let square = try await multiply(lifted, lifted, truncatingBy: inner + 4)
      let factors = try await evaluate([(.geluGradientFirst, at: square), (.geluGradientSecond, at: square)])
      let part = try await multiply(lifted, factors[0], truncatingBy: inner)
      let product = try await scheme.multiply([Multiplication(.elementwise(x.shape), part, factors[1])])[0]
      return add(try await truncate(product, by: 2 * inner - fractionBits), 0.5)
    }
  }
}

/// The factors of q(s) = (Φ(c) + c·φ(c) − ½) / c for c = 4√s, s in [0, 81/64]; error of c·q: 2.2e-4.
extension Quartic {
  static let geluGradientFirst = Quartic(
    [0.8103673287481941, -1.8819473809119875, 5.617167560764191, -5.805895975903347], leading: 29, over: 4)
  static let geluGradientSecond = Quartic(
    [0.9833864145701323, -2.9024960868152987, 4.313726341660252, -3.168091402056524], leading: 1)
}

/// The factors of h(s) = c·Φ(c) − c/2 for c = 4√s, s in [0, 1], divided by −11; error of h: 3.7e-5.
extension Quartic {
  static let geluFirst = Quartic(
    [-1.3415076494890422e-06, -0.5676307563306819, 0.1879561004956917, -1.4383722474429395], leading: 1)
  static let geluSecond = Quartic(
    [1.0214636200746024, -2.3610855733949805, 2.851556742350635, -1.7896943887327548], leading: 1, over: 1)
}
