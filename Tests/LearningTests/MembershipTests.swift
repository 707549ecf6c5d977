import Foundation
import Learning
import Testing

@Suite struct MembershipTests {
  /// Oracle: the textbook's interval of 8 in 20, and exact tails at the ends: 1 − 0.025^(1/n).
  @Test func intervalsOfSharesAreExact() {
    let middle = ConfidenceInterval.share(8, of: 20, confidence: 0.95)
    #expect(abs(middle.low - 0.19119) < 1e-5 && abs(middle.high - 0.63946) < 1e-5, "\(middle)")
    for count in [1, 10, 1000, 1_000_000] {
      let none = ConfidenceInterval.share(0, of: count, confidence: 0.95)
      #expect(none.low == 0 && abs(none.high - (1 - pow(0.025, 1 / Double(count)))) < 1e-9)
      let all = ConfidenceInterval.share(count, of: count, confidence: 0.95)
      #expect(all.high == 1 && abs(all.low - pow(0.025, 1 / Double(count))) < 1e-9)
    }
  }

  /// Oracle: sums of the binomial distribution, which the beta distribution's tails are.
  @Test(arguments: [(3, 10), (1, 40), (39, 40), (250, 1000)])
  func betaTailsAreBinomial(count: Int, trials: Int) {
    for p in [0.001, 0.1, 0.25, 0.5, 0.93] {
      let sum = (count...trials).reduce(0.0) { sum, k in
        let ways = lgamma(Double(trials) + 1) - lgamma(Double(k) + 1) - lgamma(Double(trials - k) + 1)
        return sum + exp(ways + Double(k) * log(p) + Double(trials - k) * log1p(-p))
      }
      let tail = BetaDistribution.lowerTail(p, Double(count), Double(trials - count) + 1)
      #expect(abs(tail - sum) < 1e-10, "\(p)")
    }
  }

  /// Oracle: the Mann–Whitney statistic of ``Metrics``, ties and all.
  @Test func areasAreThoseOfRanks() {
    let scores = [3.0, 1, 2, 2, 5, 0, 2, 7, 1, 1]
    let isMember = [true, false, true, false, true, false, false, true, true, false]
    let attack = MembershipAttack(
      .lossThreshold, scores: scores, isMember: isMember, threshold: 2, confidence: 0.95)
    let area = Metrics.areaUnderCurve(scores: scores.map { Float($0) }, targets: isMember.map { $0 ? 1 : 0 })
    #expect(abs(attack.areaUnderCurve.value - (area ?? 0)) < 1e-12)
    #expect(attack.accuracy.value == 0.7)
    let ends = [attack.curve.first, attack.curve.last].map { [$0?.falsePositiveRate, $0?.truePositiveRate] }
    #expect(ends == [[0, 0], [1, 1]])
  }

  /// A model that has learned its rows by heart gives them away; one that is trained under noise does not, and its claim stands.
  @Test func memorisedRowsAreFound() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-members-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("rows.csv").path
    // Labels are coins: what is known of them is remembered.
    var state: UInt64 = 9
    func word() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
    let rows = (0..<300).map { _ in
      "\(Double(word() % 1000) / 500 - 1),\(Double(word() % 1000) / 500 - 1),\(word() % 2 == 0 ? "no" : "yes")"
    }
    try Data(("a,b,label\n" + rows.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: file))
    func audit(_ training: String, _ privacy: String) throws -> MembershipAudit.Report {
      let job = try Job.parse(
        """
        model: {layers: [{dense: 64}, relu, {dense: 1}, sigmoid]}
        data: {file: '\(file)', target: label, test: 0.1, ranges: {a: [-1, 1], b: [-1, 1]}\(privacy.isEmpty ? "" : ", categories: {label: ['no', 'yes']}")}
        training: {\(training), loss: binaryCrossEntropy, seed: 1}
        \(privacy)
        """)
      return try MembershipAudit(job, shadows: 8).run(environment: [:])
    }
    let open = try audit("epochs: 150, batch: 16, optimizer: {adam: {learningRate: 0.03}}", "")
    #expect(open.attacks.allSatisfy { $0.areaUnderCurve.low > 0.55 }, "\(open.attacks.map(\.areaUnderCurve))")
    #expect(open.memberAccuracy.value > open.otherAccuracy.value + 0.1)
    #expect(open.claimedEpsilon == nil && open.isConsistent)
    let hidden = try audit(
      "epochs: 5, batch: 32, optimizer: {sgd: {learningRate: 0.5}}",
      "privacy: {unit: example, clip: 1, targetEpsilon: 1, delta: 1e-5}")
    // Above a half by luck in less than one of a thousand.
    #expect(hidden.attacks.allSatisfy { $0.areaUnderCurve.value < 0.65 }, "\(hidden.attacks.map(\.areaUnderCurve))")
    #expect(hidden.isConsistent && hidden.claimedEpsilon.map { abs($0 - 1) < 0.01 } == true)
  }

  @Test func settingsAreChecked() throws {
    let job = try Job.parse(
      """
      model: {layers: [{dense: 1}]}
      data: {set: boston}
      training: {epochs: 1, batch: 16, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.1}}, seed: 1}
      """)
    #expect(throws: LearningError.self) { try MembershipAudit(job, shadows: 5) }
    #expect(throws: LearningError.self) { try MembershipAudit(job, confidence: 1) }
    let shares = try Job.parse(
      """
      model: {layers: [{dense: 1}]}
      data: {set: boston}
      training: {epochs: 1, batch: 16, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.1}}, seed: 1}
      mode: encrypted
      """)
    #expect(throws: LearningError.self) { try MembershipAudit(shares) }
  }
}
