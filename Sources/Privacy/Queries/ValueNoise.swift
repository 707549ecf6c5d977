/// The noise of numbers, in either kind.
enum ValueNoise: Sendable {
  case laplace(LaplaceMechanism)
  case gaussian(GaussianMechanism, isWhole: Bool)

  init(_ noise: QueryNoise, sensitivity: Double) throws {
    switch noise {
    case .laplace(let epsilon): self = .laplace(try LaplaceMechanism(epsilon: epsilon, sensitivity: sensitivity))
    case .gaussian(let epsilon, let delta):
      self = .gaussian(
        try GaussianMechanism(epsilon: epsilon, delta: delta, sensitivity: sensitivity), isWhole: false)
    }
  }

  /// Of whole numbers.
  init(_ noise: QueryNoise, whole sensitivity: Int) throws {
    switch noise {
    case .laplace(let epsilon):
      self = .laplace(try LaplaceMechanism(epsilon: epsilon, wholeNumbersApart: sensitivity))
    case .gaussian(let epsilon, let delta):
      self = .gaussian(
        try GaussianMechanism(epsilon: epsilon, delta: delta, sensitivity: Double(sensitivity)), isWhole: true)
    }
  }

  /// One row changes one bin only, so all bins of a histogram are one release.
  var event: PrivacyEvent {
    switch self {
    case .laplace(let mechanism): mechanism.event
    case .gaussian(let mechanism, _): mechanism.event(count: 1)
    }
  }

  func release(_ value: Double, _ bits: SecureBits) throws(MechanismError) -> Double {
    switch self {
    case .laplace(let mechanism): return try mechanism.release(value, bits: bits)
    case .gaussian(let mechanism, let isWhole):
      let value = try mechanism.release([value])[0]
      return isWhole ? value.rounded() : value
    }
  }

  /// The sum of values, each rounded to the noise's grid first: sums of whole numbers have no rounding errors.
  func release(sum values: [Double], _ bits: SecureBits) throws(MechanismError) -> Double {
    try release(values.reduce(0) { $0 + ($1 / step).rounded() } * step, bits)
  }

  private var step: Double {
    switch self {
    case .laplace(let mechanism): mechanism.step
    case .gaussian(let mechanism, _): mechanism.step
    }
  }

  func releases(_ values: [Double], _ bits: SecureBits) throws(MechanismError) -> [Double] {
    var released: [Double] = []
    for value in values { released.append(try release(value, bits)) }
    return released
  }
}
