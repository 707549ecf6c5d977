/// A count of each kind of release.
struct Releases: Sendable {
  private(set) var counts: [Release: Int] = [:]

  var total: Int { counts.values.reduce(0, +) }
  var isEmpty: Bool { counts.isEmpty }
  var largestLoss: Double { counts.reduce(0) { $0 + $1.key.largestLoss * Double($1.value) } }

  /// The releases of an event for an accountant, with all unsampled Gaussian noise as one release: k independent Gaussian
  /// mechanisms are exactly one with 1/σ² = Σ 1/σᵢ² (Dong, Roth and Su, JRSS B 2022, corollary 3.3).
  init(of event: PrivacyEvent, for accountant: AccountantKind) throws(AccountingError) {
    self.accountant = accountant
    try add(event, count: 1, sensitivity: 1)
    mergeGaussians()
  }

  let accountant: AccountantKind
  /// Counts past this are refused, so that no sum overflows.
  static let largestCount = 1_000_000_000_000

  private mutating func mergeGaussians() {
    var precision = 0.0
    for (release, count) in counts {
      guard case .mechanism(.gaussian(let multiplier)) = release else { continue }
      precision += Double(count) / (multiplier * multiplier)
      counts[release] = nil
    }
    if precision > 0 { counts[.mechanism(.gaussian(1 / precision.squareRoot()))] = 1 }
  }

  mutating func add(_ event: PrivacyEvent, count: Int, sensitivity: Double) throws(AccountingError) {
    switch event {
    case .composed(let events):
      for event in events { try add(event, count: count, sensitivity: sensitivity) }
    case .repeated(let event, let times):
      try add(event, count: product(count, times), sensitivity: sensitivity)
    case .scaled(let factor, let event):
      let factor = try atLeastZero(factor, "the sensitivity's factor")
      try add(event, count: count, sensitivity: sensitivity * factor)
    case .poissonSampled(let rate, let event):
      try addPoisson(rate: rate, event, count: count, sensitivity: sensitivity)
    case .sampledWithoutReplacement(let size, let population, let event):
      try addWithoutReplacement(size, population, event, count: count, sensitivity: sensitivity)
    case .unbounded(let reason):
      throw .notBounded(accountant: accountant, reason: reason)
    case .gaussian, .laplace, .discreteGaussian, .discreteLaplace, .skellam, .concentrated, .pure:
      if let mechanism = try mechanism(event, sensitivity: sensitivity) {
        try increase(.mechanism(mechanism), by: count)
      }
    }
  }

  private mutating func increase(_ release: Release, by count: Int) throws(AccountingError) {
    guard count > 0 else { return }
    guard total + count <= Self.largestCount else {
      throw .invalid(what: "the number of releases", given: "\(count)", expected: "at most \(Self.largestCount)")
    }
    counts[release, default: 0] += count
  }

  private func product(_ count: Int, _ times: Int) throws(AccountingError) -> Int {
    let (product, overflow) = count.multipliedReportingOverflow(by: times)
    guard times >= 0, !overflow, product <= Self.largestCount else {
      throw .invalid(
        what: "the number of repetitions", given: "\(times)", expected: "0...\(Self.largestCount) in all")
    }
    return product
  }
}

extension Releases {
  private mutating func addPoisson(
    rate: Double, _ event: PrivacyEvent, count: Int, sensitivity: Double
  ) throws(AccountingError) {
    guard rate >= 0, rate <= 1 else {
      throw .invalid(what: "the sampling rate", given: "\(rate)", expected: "0...1")
    }
    if rate == 1 { return try add(event, count: count, sensitivity: sensitivity) }
    let inner = try Releases(of: event, for: accountant)
    guard !inner.isEmpty, rate > 0, count > 0 else { return }
    guard sensitivity == 1 else { throw refusal("neighbours that differ in several records of one sample") }
    guard inner.total == 1, let release = inner.counts.keys.first else {
      throw refusal("one sample that serves several mechanisms")
    }
    switch release {
    case .mechanism(let mechanism): try increase(.poissonSampled(rate: rate, mechanism), by: count)
    case .poissonSampled(let other, let mechanism): try increase(.poissonSampled(rate: rate * other, mechanism), by: count)
    case .sampledWithoutReplacement: throw refusal("a sample of fixed size out of a Poisson sample")
    }
  }

  private mutating func addWithoutReplacement(
    _ size: Int, _ population: Int, _ event: PrivacyEvent, count: Int, sensitivity: Double
  ) throws(AccountingError) {
    guard population > 0, size >= 0, size <= population else {
      throw .invalid(what: "the sample's size", given: "\(size) of \(population)", expected: "0...the population's")
    }
    if size == population { return try add(event, count: count, sensitivity: sensitivity) }
    let inner = try Releases(of: event, for: accountant)
    guard !inner.isEmpty, size > 0, count > 0 else { return }
    guard sensitivity == 1 else { throw refusal("neighbours that differ in several records of one sample") }
    guard inner.total == 1, case .mechanism(let mechanism)? = inner.counts.keys.first else {
      throw refusal("a sample of fixed size that serves several mechanisms or is sampled again")
    }
    try increase(.sampledWithoutReplacement(size: size, population: population, mechanism), by: count)
  }

  private func refusal(_ what: String) -> AccountingError {
    .notBounded(accountant: accountant, reason: "\(what): no bound is known here")
  }
}
