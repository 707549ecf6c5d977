public import Privacy

extension ClientPrivacy {
  /// What so many rounds cost, and against whom.
  ///
  /// - Parameter rounds: all that were begun, those among them that had to be done again.
  public func report(rounds: Int) throws(AccountingError) -> TrainingReport.PrivacyPart {
    var report = TrainingReport.PrivacyPart(part)
    report.epsilon = try epsilon(of: event, rounds: rounds)
    report.noiseMultiplier = noiseMultiplier
    report.steps = rounds
    report.samplingRate = sampler.rate
    report.observers = try observers(rounds: rounds, epsilon: report.epsilon)
    return report
  }

  private func observers(
    rounds: Int, epsilon: Double
  ) throws(AccountingError) -> [TrainingReport.PrivacyPart.Observer] {
    let workers = try? self.epsilon(of: eventForWorkers, rounds: rounds)
    switch source {
    case .server:
      return [
        .init(
          who: "readers of the models", epsilon: epsilon,
          because: sampler.rate < 1
            ? "they do not learn who was asked, so that sampling counts" : "every worker is asked in every round"),
        .init(
          who: "other workers", epsilon: workers,
          because: "without amplification: they may learn who was asked, by when they are asked themselves"),
        .init(
          who: "the coordinator", epsilon: nil, because: "it is trusted: it sees each update and adds the noise itself"),
      ]
    case .workers(let contributors):
      return [
        .init(
          who: "the coordinator, the parties and readers of the models", epsilon: epsilon,
          because: "noise of at least \(contributors) workers is in whatever is opened; no sampling counts, since the "
            + "coordinator knows who is asked"),
        .init(
          who: "another worker, also one that helps the coordinator", epsilon: workers,
          because: "it knows its own noise, so that of \(contributors - 1) is left"),
      ]
    }
  }
}
