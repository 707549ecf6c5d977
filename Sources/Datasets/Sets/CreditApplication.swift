import Foundation

/// One invented application, as ``SyntheticCredit`` describes, made from independent random numbers.
struct CreditApplication {
  static let normalCount = 9
  static let uniformCount = 14

  /// A1 to A16.
  let cells: [String?]

  /// A row from ``normalCount`` standard normal numbers and ``uniformCount`` numbers in [0, 1).
  init(normals: [Double], uniforms: [Double]) {
    let (prosperity, stability) = (normals[0], normals[1])
    let a2 = bounded(18 + 11 * exp(0.35 * stability + 0.5 * normals[2]), 80)
    let a3 = bounded(2.6 * exp(0.25 * prosperity + 0.95 * normals[3]), 28)
    let a8 = bounded(0.9 * exp(0.55 * stability + 0.35 * prosperity + 0.95 * normals[4]), 28.5)
    let a9 = uniforms[0] < logistic(0.12 + 1.6 * prosperity)
    let a10 = uniforms[1] < logistic(-0.35 + 1.1 * prosperity)
    let a11 = a10 ? bounded(1 + exp(1 + 0.3 * prosperity + 0.75 * normals[5]).rounded(.down), 67) : 0
    let steps = exp(5.1 - 0.15 * prosperity + 0.6 * normals[6]) / 20
    let a14 = uniforms[2] < 0.2 ? 0 : bounded(20 * steps.rounded(), 2_000)
    let a15 = uniforms[3] < 0.42 ? 0 : bounded(exp(5.6 + 0.9 * prosperity + 1.7 * normals[7]).rounded(.down), 100_000)
    // Where the row stands among all rows, uniform in (0, 1): the normal distribution function of a mixed trait.
    let rank = erfc(-(0.4 * prosperity + 0.84.squareRoot() * normals[8]) / 2.0.squareRoot()) / 2
    let a6 = pick(Self.shares6, rank)
    let a7 = a6 == "ff" ? "ff" : pick(Self.shares7, uniforms[5])
    let a4 = pick([("l", 0.003), ("y", 0.235 * exp(-0.25 * prosperity)), ("u", 1)], uniforms[4])
    let a5 = ["l": "gg", "y": "p"][a4, default: "g"]

    let means = 0.5 * log(1 + a11) + 0.3 * log(1 + a15) - 0.08 * log(1 + a14)
    let record = (a9 ? 2.8 : 0) + (a10 ? 0.9 : 0) + 0.7 * log(1 + a8)
    let background = ["l": 1, "y": -0.8][a4, default: 0] + 2.2 * (rank - 0.5)
    let isApproved = uniforms[6] < logistic(2.2 * (means + record + background - 3.55))

    let isUnknown = uniforms[13] < 0.01
    let middle = isUnknown ? [nil, nil, nil, nil] : [a4, a5, a6, a7]
    cells =
      [
        uniforms[10] < 0.018 ? nil : uniforms[7] < 0.69 ? "b" : "a",
        uniforms[11] < 0.018 ? nil : fixed(a2, decimals: 2), fixed(a3, decimals: 3),
      ] + middle + [
        fixed(a8, decimals: 3), a9 ? "t" : "f", a10 ? "t" : "f", fixed(a11, decimals: 0),
        uniforms[8] < 0.46 ? "t" : "f", pick([("g", 0.905), ("s", 0.083), ("p", 1)], uniforms[9]),
        uniforms[12] < 0.018 ? nil : fixed(a14, decimals: 0), fixed(a15, decimals: 0), isApproved ? "+" : "-",
      ]
  }

  /// The categories of A6 from the one with the fewest approvals up, and their shares.
  private static let shares6: [(String, Double)] = [
    ("ff", 0.078), ("d", 0.044), ("i", 0.087), ("k", 0.075), ("aa", 0.079), ("m", 0.056), ("c", 0.201), ("w", 0.094),
    ("j", 0.015), ("q", 0.114), ("e", 0.037), ("r", 0.004), ("cc", 0.06), ("x", 1),
  ]
  private static let shares7: [(String, Double)] = [
    ("v", 0.64), ("h", 0.22), ("bb", 0.094), ("j", 0.013), ("z", 0.013), ("dd", 0.01), ("n", 0.006), ("o", 1),
  ]
}

private func bounded(_ number: Double, _ limit: Double) -> Double { min(max(number, 0), limit) }

private func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// The first of the values whose shares add up to more than `position`; the last takes what is left.
private func pick(_ shares: [(value: String, share: Double)], _ position: Double) -> String {
  var sum = 0.0
  for (value, share) in shares {
    sum += share
    if position < sum { return value }
  }
  return shares[shares.count - 1].value
}

/// A number from 0 up with a fixed number of decimals, without trailing ones.
private func fixed(_ number: Double, decimals: Int) -> String {
  let unit = [1, 10, 100, 1_000][decimals]
  let scaled = Int((number * Double(unit)).rounded())
  guard scaled % unit != 0 else { return String(scaled / unit) }
  var digits = String(unit + scaled % unit).dropFirst()
  while digits.last == "0" { digits.removeLast() }
  return "\(scaled / unit).\(digits)"
}
