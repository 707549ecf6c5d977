public import Learning
import Serving

/// What a private training gives away of rows that were planted in it, held against the ε that it claims.
public struct CanaryStory: Sendable {
  public var audit: CanaryAudit

  public init(_ audit: CanaryAudit) { self.audit = audit }

  private static let binCount = 40

  /// What was found: the keys of the audit itself, beside those of every audit's report.
  public struct Report: Hashable, Sendable, Encodable {
    public var found: CanaryAudit.Report
    public var audit: AuditReport

    public func encode(to encoder: any Encoder) throws {
      try audit.encode(to: encoder)
      try found.encode(to: encoder)
    }

    public func text(colours: Bool) -> String { audit.text(colours: colours) }
    public var html: String { audit.html }
  }

  /// - Throws: what ``CanaryAudit/run()`` throws.
  public func tell() throws -> Report {
    let clock = ContinuousClock()
    let begin = clock.now
    var chart: LineChart?
    let found = try audit.run(fault: nil) { scores, present in
      chart = Self.chart(scores.map(Double.init), present)
    }
    var report = AuditReport(
      name: "canaries", title: "Planted rows, held against a claimed ε",
      lead: """
        Each of \(found.canaries) rows is in the training data by a fair coin, and its gradient is the worst that a row can have. From the \
        model it is guessed which were there; so many right guesses are likelier than chance only if ε is at least the bound.
        """,
      threat: """
        whoever has the model and could choose all rows but does not know the coins; the training's batches and noise are nobody's to \
        choose
        """,
      sources: [
        "T. Steinke, M. Nasr and M. Jagielski, Privacy Auditing with One (1) Training Run, NeurIPS 2023.",
        "M. Nasr et al., Adversary Instantiation: Lower Bounds for Differentially Private Machine Learning, S&P 2021.",
      ],
      subject: "private training on planted rows, ε = \(number(found.claimedEpsilon, 4)) at δ = \(found.delta)",
      confidence: found.confidence, versions: ["tacit": TacitVersion.current])
    report.add(
      "right guesses, of \(found.guesses)", .share(found.correct, of: found.guesses, confidence: found.confidence))
    report.isSound = found.isConsistent
    report.verdict = """
      \(found.correct) of \(found.guesses) guesses are right: ε is at least \(number(found.lowerBound, 4)); claimed is \
      \(number(found.claimedEpsilon, 4)): the claim \(found.isConsistent ? "stands" : "is refuted")
      """
    if let chart { report.charts = [chart] }
    report.seconds = (clock.now - begin) / .seconds(1)
    return Report(found: found, audit: report)
  }

  /// How often canaries that were there, and those that were not, have which score.
  private static func chart(_ scores: [Double], _ present: Set<Int>) -> LineChart? {
    guard let low = scores.min(), let high = scores.max(), low < high else { return nil }
    func curve(_ name: String, _ isShown: (Int) -> Bool) -> LineChart.Curve {
      var counts = [Int](repeating: 0, count: binCount)
      for (canary, score) in scores.enumerated() where isShown(canary) {
        counts[min(binCount - 1, Int((score - low) / (high - low) * Double(binCount)))] += 1
      }
      let total = Double(max(1, counts.reduce(0, +)))
      return .init(
        name: name,
        points: counts.enumerated().map { .init(x: (Double($0) + 0.5) / Double(binCount), y: Double($1) / total) })
    }
    let curves = [curve("in the training data", present.contains), curve("not in it") { !present.contains($0) }]
    let top = curves.flatMap(\.points).map(\.y).max() ?? 1
    return LineChart(
      title: "What the model says of the planted rows",
      text:
        "The closer the curves, the less can be guessed. The largest scores are guessed to be in, the smallest out.",
      x: .init(name: "score, from the least to the largest", low: 0, high: 1),
      y: .init(name: "share of the rows", low: 0, high: top), curves: curves)
  }
}
