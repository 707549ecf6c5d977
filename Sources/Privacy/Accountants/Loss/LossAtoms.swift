import Foundation

/// A pair of distributions on finitely many privacy losses: `p` with a record and `q` = p·e^−loss without it.
///
/// The pair is symmetric: exchanging the distributions turns the signs of the losses.
struct LossAtoms: Sendable {
  struct Atom: Sendable {
    var loss: Double
    var p: Double
    var q: Double
  }

  private(set) var atoms: [Atom]

  /// A distribution on more places than this is put on this many, pessimistically.
  private static let largestCount = 4096

  /// The losses in rising order.
  private init(_ atoms: [Atom]) { self.atoms = atoms.sorted { $0.loss < $1.loss } }

  /// One bit that is right with probability e^ε/(1 + e^ε): no ε-private mechanism is worse (Kairouz, Oh and Viswanath,
  /// ICML 2015).
  static func pure(_ epsilon: Double) -> LossAtoms {
    let (yes, no) = (1 / (1 + exp(-epsilon)), exp(-epsilon) / (1 + exp(-epsilon)))
    return LossAtoms([Atom(loss: epsilon, p: yes, q: no), Atom(loss: -epsilon, p: no, q: yes)])
  }

  /// Laplace noise whose scale is 1/`epsilon` times the sensitivity: at y in (0, ε) the loss is ε − 2y and the density of
  /// `p` e^−y/2.
  static func laplace(_ epsilon: Double) -> LossAtoms {
    let width = epsilon / Double(largestCount)
    let mass = -0.5 * expm1(-width)
    var atoms = ends(epsilon, probability: 0.5)
    for group in 0..<largestCount {
      let start = width * Double(group)
      atoms += split(
        p: mass * exp(-start), q: mass * exp(start + width - epsilon), low: epsilon - 2 * (start + width),
        high: epsilon - 2 * start)
    }
    return LossAtoms(atoms)
  }

  /// Discrete Laplace noise on integers that differ by `sensitivity`: at k in 1..<sensitivity the loss is ε − 2k/scale.
  static func discreteLaplace(scale: Double, sensitivity: Int) -> LossAtoms {
    let epsilon = Double(sensitivity) / scale
    let end = 1 / (1 + exp(-1 / scale))
    var atoms = ends(epsilon, probability: end)
    let count = min(largestCount, sensitivity - 1)
    var next = 1
    for group in 0..<count {
      let length = (sensitivity - 1) / count + (group < (sensitivity - 1) % count ? 1 : 0)
      let (first, last) = (Double(next), Double(next + length - 1))
      let mass = -end * expm1(-Double(length) / scale)
      atoms += split(
        p: mass * exp(-first / scale), q: mass * exp((last - Double(sensitivity)) / scale),
        low: epsilon - 2 * last / scale, high: epsilon - 2 * first / scale)
      next += length
    }
    return LossAtoms(atoms)
  }

  /// One integer with discrete Gaussian noise: at k the loss is Δ(Δ − 2k)/2σ², as far as a 64-bit float reaches.
  static func discreteGaussian(scale: Double, sensitivity: Int) -> LossAtoms {
    let variance = scale * scale
    let distance = Double(sensitivity)
    let reach = Int((38 * scale + distance).rounded(.up))
    let weight = { (k: Double) in exp(-k * k / (2 * variance)) }
    let sum = 1 + 2 * (1...reach).reduce(0) { $0 + weight(Double($1)) }
    return LossAtoms(
      (-reach...reach + sensitivity).compactMap { k in
        let k = Double(k)
        let atom = Atom(
          loss: distance * (distance - 2 * k) / (2 * variance), p: weight(k) / sum, q: weight(k - distance) / sum)
        return atom.p > 0 || atom.q > 0 ? atom : nil
      })
  }
}

extension LossAtoms {
  private static func ends(_ epsilon: Double, probability: Double) -> [Atom] {
    let less = probability * exp(-epsilon)
    return [Atom(loss: epsilon, p: probability, q: less), Atom(loss: -epsilon, p: less, q: probability)]
  }

  /// A group of places on its two ends, with `p` and `q` as they are: by convexity no hockey-stick divergence gets smaller
  /// (Doroshenko et al., "Connect the dots", PETS 2022).
  private static func split(p: Double, q: Double, low: Double, high: Double) -> [Atom] {
    guard high > low else { return [Atom(loss: high, p: p, q: q)] }
    let upper = min(p, max(0, (p - q * exp(low)) / -expm1(low - high)))
    let upperQ = min(q, upper * exp(-high))
    return [
      Atom(loss: high, p: upper, q: upperQ), Atom(loss: low, p: p - upper, q: q - upperQ),
    ]
  }
}
