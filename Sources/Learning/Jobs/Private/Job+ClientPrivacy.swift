public import Datasets
import Privacy

extension Job {
  /// Whether each worker is hidden from those who see the models: `privacy: {unit: client}`.
  public var hidesClients: Bool { privacy?.unit == .client }

  /// The ledger's name for the job's data where nobody gives another one.
  public var datasetName: String {
    switch data.source {
    case .set(let name, _): name
    case .file(let path, _): path
    case .owners(let target): target
    }
  }

  /// - Throws: ``JobError`` where the training could not be as private as the job says.
  func checkClientPrivacy() throws(JobError) {
    guard hidesClients, let federated, let privacy else { return }
    let kinds = StrategySpec.Kind.allCases.filter(\.worksUnderClientPrivacy).map(\.rawValue).joined(separator: ", ")
    guard federated.strategy.kind.worksUnderClientPrivacy else {
      throw .contradiction(
        "federated.strategy \(federated.strategy.kind.rawValue) uses more of the updates than their noised average, so "
          + "privacy with unit: client goes with \(kinds); change one of them")
    }
    guard federated.buffer == nil, federated.compression == .none else {
      let key = federated.buffer == nil ? "compression" : "asynchronous"
      throw .contradiction(
        "federated.\(key) has no noise of a size that is known, so privacy with unit: client goes with plain rounds; "
          + "remove one of them")
    }
    switch federated.aggregation {
    case .open: break
    case .masked, .shared:
      guard privacy.accountant == .rdp else {
        throw .contradiction(
          "privacy.accountant must be rdp with federated.aggregation: \(federated.aggregation.rawValue), since only Rényi "
            + "divergences are known of the workers' Skellam noise")
      }
    case .paillier:
      throw .contradiction(
        "federated.aggregation: paillier adds no noise, so privacy with unit: client goes with open, masked and shared; "
          + "change one of them")
    }
    guard !model.layers.contains(.batchNorm) else {
      throw .contradiction(
        "model.layers has batchNorm, whose running statistics noise would spoil; write {groupNorm: 4} or layerNorm instead"
      )
    }
  }

  /// How rows become features where nothing of any row may be told: by what the job or the publisher of its set declares alone;
  /// `nil` where rows are numbers already.
  ///
  /// - Throws: `DatasetError` naming a column of which nothing is declared.
  public func declaredPreprocessing() throws(DatasetError) -> Preprocessing? {
    switch data.source {
    case .owners, .file: return try DeclaredData(self).preprocessing
    case .set(let name, _):
      guard let schema = NamedDataset(rawValue: name)?.publishedSchema else { return nil }
      return try JobData(self, environment: [:]).declared(by: schema, table: name)
    }
  }
}

extension StrategySpec.Kind {
  /// Whether it does nothing but follow the average of the updates, so that a noised one is all it needs.
  public var worksUnderClientPrivacy: Bool {
    switch self {
    case .fedAvg, .fedProx, .fedAdam, .fedYogi, .fedAdagrad: true
    case .scaffold, .trimmedMean, .median, .krum, .multiKrum, .normBound: false
    }
  }
}

extension ClientPrivacy {
  /// As a job says it, for updates of so many values.
  ///
  /// - Throws: as ``init(_:workers:cohort:rounds:source:weightCount:)``.
  public init(_ job: Job, weightCount: Int) throws {
    guard let part = job.privacy, let federated = job.federated, part.unit == .client else {
      throw LearningError.invalidSetting("privacy.unit", reason: "must be client for a federated training")
    }
    try self.init(
      part, workers: federated.workers, cohort: federated.cohort.rate(of: federated.workers), rounds: federated.rounds,
      source: federated.aggregation.hidesUpdates ? .workers(contributors: federated.leastContributors) : .server,
      weightCount: weightCount)
  }
}

extension Job.FederatedPart {
  /// With fewer of a round's updates than this nothing is opened, where noise is the workers' own.
  public var leastContributors: Int {
    let cohort = cohort.count(of: workers)
    return max(minimumClients, Int((quorum * Double(cohort)).rounded(.up)))
  }
}

extension CohortSpec {
  /// The probability of each of so many workers to be asked, where each has a coin of its own.
  public func rate(of workers: Int) -> Double {
    switch self {
    case .fraction(let share): share
    case .count(let count): min(1, Double(count) / Double(max(workers, 1)))
    }
  }
}
