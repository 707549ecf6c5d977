import Arithmetic
import Coordination
import Learning
import Serving

extension InversionAudit {
  func rowReport(_ findings: [Finding], _ job: Job) -> AuditReport {
    let recovered = findings.count(where: \.isRecovered)
    var report = report(
      "Do recorded updates give rows back?", lead: method.story,
      threat: method == .analytic
        ? "is the coordinator, with every message it was sent; the rows, known to the audit alone, choose its best guess."
        : "is the coordinator, with every message it was sent, the models it sent, the job, and how many rows a worker has; the rows, known "
          + "to the audit alone, choose its best guess.",
      updates: findings.count, job)
    let bar = findings.map(\.bar).max() ?? Self.likenessOfFinding
    report.add(
      "updates that give a row back (likeness \(number(bar, 4)) and more)",
      .share(recovered, of: findings.count, confidence: confidence))
    report.add(
      "likeness of the best guess to a row of its worker, mean", .mean(findings.map(\.likeness), confidence: confidence)
    )
    report.add("the same to rows of other workers: the control", .mean(findings.map(\.control), confidence: confidence))
    report.isSound = recovered == 0
    report.verdict =
      recovered == 0
      ? "no update gave a row back by this attack"
      : "\(recovered) of \(findings.count) updates gave a row back: the coordinator sees rows; use aggregation: masked"
    if let best = findings.max(by: { $0.likeness < $1.likeness }) {
      report.show(
        best.row, named: "the row", beside: best.guess, named: "the guess", title: "The row and the best guess",
        text: "From the update of \(best.message.worker) in round \(best.message.round); each on its own scale.")
    }
    return report
  }

  /// Labels told of each update, against those of its worker's rows.
  func labelReport(
    _ messages: [RecordedMessages.Message], _ steps: ObservedSteps, _ rows: WorkersRecords, _ job: Job
  ) throws -> AuditReport {
    let seeds = SeedTree(seed: job.training.seed).child("inversion")
    var (right, plain, total) = (0, 0, 0)
    var (told, truths) = ([Double](), [Double]())
    for (index, message) in messages.enumerated() {
      let own = rows.labels[message.worker] ?? []
      guard let labels = try steps.inversion(of: message).labels(seed: seeds.child(index)) else {
        throw CoordinationError.setting(
          "model", reason: "is not covered by this method: it must end with a dense layer and choose among classes")
      }
      let classes = (own + labels).max().map { $0 + 1 } ?? 0
      func counts(_ labels: [Int]) -> [Int] { (0..<classes).map { place in labels.count { $0 == place } } }
      let (found, truth) = (counts(labels), counts(own))
      right += zip(found, truth).reduce(0) { $0 + min($1.0, $1.1) }
      plain += truth[Self.commonest(of: rows, classes)]
      total += own.count
      while told.count < classes {
        told.append(0)
        truths.append(0)
      }
      for place in 0..<classes {
        told[place] += Double(found[place])
        truths[place] += Double(truth[place])
      }
    }
    var report = report(
      "Do recorded updates give labels away?", lead: method.story,
      threat:
        "is the coordinator, with every message it was sent, the models it sent, the job, and how many rows a worker has.",
      updates: messages.count, job)
    let share = ConfidenceInterval.share(right, of: total, confidence: confidence)
    let control = ConfidenceInterval.share(plain, of: total, confidence: confidence)
    report.add("labels told right", share)
    report.add("the same by naming the commonest class of all: the control", control)
    report.isSound = share.low <= control.value
    report.verdict =
      report.isSound
      ? "\(right) of \(total) labels are told right, which chance may do"
      : "\(right) of \(total) labels are told right: the coordinator sees them; use aggregation: masked"
    report.show(
      truths, named: "true", beside: told, named: "told", title: "How often each class comes",
      text: "In all updates together: what was told of them, and what is true.", axis: "class")
    return report
  }

  private static func commonest(of rows: WorkersRecords, _ classes: Int) -> Int {
    let all = rows.labels.values.flatMap { $0 }
    let counts = (0..<classes).map { place in all.count { $0 == place } }
    return counts.indices.max { counts[$0] < counts[$1] } ?? 0
  }

  private func report(
    _ title: String, lead: String, threat: String, updates: Int, _ job: Job
  ) -> AuditReport {
    AuditReport(
      name: "inversion", title: title, lead: lead, threat: threat, sources: method.sources,
      subject:
        "\(updates) updates under aggregation: \((job.federated?.aggregation ?? .open).rawValue), by \(method.rawValue)",
      confidence: confidence, versions: ["tacit": TacitVersion.current])
  }
}

extension InversionAudit.Method {
  fileprivate var story: String {
    switch self {
    case .analytic:
      """
      The change of a first-layer unit's weights over that of its bias is a weighted mean of the rows that moved the unit: where it was one row, that is the row. \
      The attack was run against every update that the coordinator recorded, and its best guesses were held against the workers' rows.
      """
    case .idlg:
      """
      The gradient of the last layer's offsets is the mean of what the model says less what is true: its signs tell the label of one row, its size how often \
      each class comes among several. The attack was run against every update that the coordinator recorded.
      """
    case .dlg:
      """
      Rows and labels were changed until their gradient was that of the update: what gives the same gradient is often the row itself. The \
      search began at noise, and its results were held against the workers' rows.
      """
    case .geiping:
      """
      Rows were changed until their gradient had the direction of the update; labels were told before, by the last layer. The search began \
      at noise, and its results were held against the workers' rows.
      """
    }
  }

  fileprivate var sources: [String] {
    switch self {
    case .analytic:
      [
        "L. T. Phong et al., Privacy-Preserving Deep Learning via Additively Homomorphic Encryption, IEEE TIFS 2018, section 3.",
        "J. Geiping et al., Inverting Gradients: How easy is it to break privacy in federated learning?, NeurIPS 2020, section 3.",
      ]
    case .idlg:
      [
        "B. Zhao et al., iDLG: Improved Deep Leakage from Gradients, 2020.",
        "A. Wainakh et al., User-Level Label Leakage from Gradients in Federated Learning, PETS 2022.",
      ]
    case .dlg: ["L. Zhu, Z. Liu and S. Han, Deep Leakage from Gradients, NeurIPS 2019."]
    case .geiping:
      [
        "J. Geiping et al., Inverting Gradients: How easy is it to break privacy in federated learning?, NeurIPS 2020.",
        "B. Zhao et al., iDLG: Improved Deep Leakage from Gradients, 2020.",
      ]
    }
  }
}
