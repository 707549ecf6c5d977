extension Releases {
  /// The mechanism under a larger sensitivity, or nil if it releases nothing.
  func mechanism(
    _ event: PrivacyEvent, sensitivity: Double
  ) throws(AccountingError) -> Release.Mechanism? {
    if sensitivity == 0 { return nil }
    switch event {
    case .gaussian(let multiplier):
      let noise = try noise(multiplier, sensitivity, "the noise multiplier")
      return noise < .infinity ? .gaussian(noise) : nil
    case .laplace(let multiplier):
      let noise = try noise(multiplier, sensitivity, "the noise multiplier")
      return noise < .infinity ? .laplace(noise) : nil
    case .discreteGaussian(let scale, let distance):
      let distance = try integer(distance, sensitivity)
      let scale = try noise(scale, 1, "the scale")
      return distance == 0 || scale == .infinity ? nil : .discreteGaussian(scale: scale, sensitivity: distance)
    case .discreteLaplace(let scale, let distance):
      let distance = try integer(distance, sensitivity)
      let scale = try noise(scale, 1, "the scale")
      return distance == 0 || scale == .infinity ? nil : .discreteLaplace(scale: scale, sensitivity: distance)
    case .skellam(let variance, let l1, let l2):
      let l1 = try atLeastZero(l1, "the ℓ₁ sensitivity") * sensitivity
      let l2 = try atLeastZero(l2, "the ℓ₂ sensitivity") * sensitivity
      let variance = try noise(variance, 1, "the variance")
      return l1 + l2 == 0 || variance == .infinity ? nil : .skellam(variance: variance, l1: l1, l2: l2)
    case .concentrated(let rho):
      let rho = try atLeastZero(rho, "ρ") * sensitivity * sensitivity
      return rho == 0 ? nil : .concentrated(rho)
    case .pure(let epsilon):
      let epsilon = try atLeastZero(epsilon, "ε") * sensitivity.rounded(.up)
      return epsilon == 0 ? nil : .pure(epsilon)
    case .poissonSampled, .sampledWithoutReplacement, .scaled, .repeated, .composed, .unbounded: return nil
    }
  }

  private func noise(_ multiplier: Double, _ sensitivity: Double, _ what: String) throws(AccountingError) -> Double {
    guard multiplier >= 0 else { throw .invalid(what: what, given: "\(multiplier)", expected: "above 0") }
    guard multiplier > 0 else {
      throw .notBounded(accountant: accountant, reason: "\(what) is 0, so nothing hides the data")
    }
    let noise = multiplier / sensitivity
    guard noise >= 1e-100 else {
      throw .notBounded(accountant: accountant, reason: "\(what) is \(noise), which hides nothing")
    }
    return noise > 1e100 ? .infinity : noise
  }

  func atLeastZero(_ value: Double, _ what: String) throws(AccountingError) -> Double {
    guard value >= 0, value <= 1e100 else {
      throw .invalid(what: what, given: "\(value)", expected: "a number from 0 on, at most 1e100")
    }
    return value
  }

  private func integer(_ distance: Int, _ sensitivity: Double) throws(AccountingError) -> Int {
    let product = Double(distance) * sensitivity
    guard distance >= 0, product <= 1e9, product == product.rounded() else {
      throw .invalid(what: "the sensitivity", given: "\(product)", expected: "a whole number of 0...1e9")
    }
    return Int(product)
  }
}
