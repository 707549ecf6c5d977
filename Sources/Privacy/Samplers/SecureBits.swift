import Arithmetic

/// Fresh random bits from the cryptographic generator, and exact coins made of them: integer arithmetic only.
///
/// An object, not a value: no copy can spend the same bits twice.
///
/// - Source: Canonne, Kamath and Steinke, "The discrete Gaussian for differential privacy", NeurIPS 2020, algorithm 1.
public final class SecureBits {
  private var words: [UInt64] = []
  private static let wordsAtATime = 2048

  public init() {}

  func word() -> UInt64 {
    if words.isEmpty { words = SecureRandom.words(Self.wordsAtATime) }
    return words.removeLast()
  }

  func wideWord() -> UInt128 { UInt128(word()) << 64 | UInt128(word()) }

  func flip() -> Bool { word() & 1 == 1 }

  /// Uniform in 0..<bound, by rejection.
  func uniform(below bound: UInt128) -> UInt128 {
    precondition(bound > 0, "a range that is not empty")
    let spare = bound.leadingZeroBitCount
    while true {
      let candidate = spare >= 64 ? UInt128(word() >> UInt64(spare - 64)) : wideWord() >> UInt128(spare)
      if spare == 128 { return 0 }
      if candidate < bound { return candidate }
    }
  }

  /// True with probability `numerator` / `denominator`, at most 1.
  func coin(_ numerator: UInt128, of denominator: UInt128) -> Bool { uniform(below: denominator) < numerator }

  /// True with probability e^(−numerator/denominator); the denominator is below 2^120.
  func exponentialCoin(_ numerator: UInt128, over denominator: UInt128) -> Bool {
    var rest = numerator
    while rest > denominator {
      guard unitExponentialCoin(1, over: 1) else { return false }
      rest -= denominator
    }
    return unitExponentialCoin(rest, over: denominator)
  }

  /// The same for an exponent of at most 1: the first k at which a coin of exponent/k fails is odd that often.
  private func unitExponentialCoin(_ numerator: UInt128, over denominator: UInt128) -> Bool {
    var trials: UInt128 = 1
    while coin(numerator, of: denominator * trials) { trials += 1 }
    return trials % 2 == 1
  }
}

/// A positive fraction, for parameters that samplers take exactly.
public struct Ratio: Hashable, Sendable, Codable {
  public let numerator: UInt64
  public let denominator: UInt64

  /// Both at least 1 and at most 2^52.
  public init(_ numerator: UInt64, _ denominator: UInt64) throws(MechanismError) {
    guard (1...Self.largest).contains(numerator), (1...Self.largest).contains(denominator) else {
      throw .invalid(what: "a fraction", given: "\(numerator)/\(denominator)", expected: "of whole numbers in 1...2^52")
    }
    (self.numerator, self.denominator) = (numerator, denominator)
  }

  /// The largest fraction of denominator 2^20 that is at most `value`, or of 2^30 for values below 1.
  public init(atMost value: Double, what: String) throws(MechanismError) {
    let denominator: UInt64 = value < 1 ? 1 << 30 : 1 << 20
    let numerator = (value * Double(denominator)).rounded(.down)
    guard numerator >= 1, numerator <= Double(Self.largest) else {
      throw .invalid(what: what, given: "\(value)", expected: "in 1e-9...4e9")
    }
    (self.numerator, self.denominator) = (UInt64(numerator), denominator)
  }

  /// factor / self, in lowest terms.
  func inverse(times factor: UInt64) throws(MechanismError) -> Ratio {
    let (top, overflow) = denominator.multipliedReportingOverflow(by: factor)
    guard !overflow else {
      throw .invalid(what: "the noise's scale", given: "\(factor)/(\(value))", expected: "below 2^52")
    }
    var (a, b) = (top, numerator)
    while b != 0 { (a, b) = (b, a % b) }
    return try Ratio(top / a, numerator / a)
  }

  private static let largest: UInt64 = 1 << 52

  public var value: Double { Double(numerator) / Double(denominator) }
}

/// Why a mechanism cannot be set up or answer.
public enum MechanismError: Error, Hashable, Sendable, CustomStringConvertible {
  case invalid(what: String, given: String, expected: String)

  public var description: String {
    switch self {
    case .invalid(let what, let given, let expected): "\(what) is \(given); it must be \(expected)"
    }
  }
}
