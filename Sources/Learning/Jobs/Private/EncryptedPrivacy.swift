package import Privacy

/// The privacy of a training on shares: its noise, chosen before anything is trained, and what it costs.
///
/// Rows come in an order that the public seed gives, each once an epoch, and each step has noise of its own. So a row takes
/// part in as many Gaussian mechanisms as there are epochs, whichever steps these are: one mechanism with 1/√epochs of a
/// step's noise multiplier. Nothing is claimed of samples. What is accounted is that noise alone which a corrupt party
/// does not know.
package struct EncryptedPrivacy: Sendable {
  private let part: PrivacyPart
  private let epochs: Int
  /// Of all steps together.
  package let noiseMultiplier: Double
  /// C.
  package let clip: Double

  /// - Returns: `nil` for a job whose training is not private.
  /// - Throws: `AccountingError` where ε cannot be bounded or reached.
  package init?(_ job: Job) throws(AccountingError) {
    guard job.mode == .encrypted, let part = job.privacy, case .flat(let clip) = part.clipping else { return nil }
    (self.part, self.clip, epochs) = (part, clip, job.training.epochs)
    noiseMultiplier = try part.multiplier { .gaussian(noiseMultiplier: $0) }
  }

  /// Of one step.
  package var stepMultiplier: Double { noiseMultiplier * Double(epochs).squareRoot() }

  /// What the whole training releases.
  package var event: PrivacyEvent { .gaussian(noiseMultiplier: noiseMultiplier) }

  /// - Parameter steps: of all epochs.
  package func report(steps: Int) throws(AccountingError) -> TrainingReport.PrivacyPart {
    var report = TrainingReport.PrivacyPart(part)
    (report.noiseMultiplier, report.steps, report.band) = (noiseMultiplier, steps, 1)
    report.clips = [clip]
    for epoch in 1...max(epochs, 1) {
      let multiplier = noiseMultiplier * (Double(epochs) / Double(epoch)).squareRoot()
      report.epsilons.append(try part.epsilon(of: .gaussian(noiseMultiplier: multiplier)))
    }
    report.epsilon = report.epsilons.last ?? 0
    return report
  }
}

extension Job {
  /// - Throws: ``JobError`` where an encrypted training could not be as private as the job says.
  func checkSharedPrivacy() throws(JobError) {
    guard mode == .encrypted, privacy != nil, let encrypted else { return }
    guard !encrypted.reveal.contains(.loss) else {
      throw .contradiction(
        "encrypted.reveal has loss, which no noise hides, so it does not go with privacy; remove one of them")
    }
    var isOfOwners: Bool { if case .owners = data.source { true } else { false } }
    guard encrypted.owners.isEmpty || isOfOwners else {
      throw .contradiction(
        "under privacy, encrypted.owners go with data that names the target alone, {target: column}, and declares the rest"
      )
    }
  }
}
