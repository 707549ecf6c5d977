import Datasets
import Federation
import Learning

/// Digits learned by many clients, each of whom nobody can tell was there: client-level differential privacy.
///
/// - Source: R. Geyer, T. Klein and M. Nabi, *Differentially Private Federated Learning: A Client Level Perspective*, 2017.
public struct GeyerStory: Sendable {
  public var setting: DemoSetting
  /// The sizes of federations to train, of those the paper has.
  public var clients: [Clients]
  public var threads: Int

  public init(_ setting: DemoSetting, clients: [Clients] = [.hundred], threads: Int = 1) {
    self.setting = setting
    self.clients = clients
    self.threads = threads
  }

  /// The paper's three federations, with the plans of `docs/PRIVACY-FEDERATION.md`.
  public enum Clients: Int, Hashable, Sendable, CaseIterable {
    case hundred = 100
    case thousand = 1000
    case tenThousand = 10_000

    /// δ, below one over the number of clients or near it, as in the paper.
    var delta: Double {
      switch self {
      case .hundred: 1e-3
      case .thousand: 1e-5
      case .tenThousand: 1e-6
      }
    }

    /// What the paper reached.
    var goal: Double {
      switch self {
      case .hundred: 0.78
      case .thousand: 0.92
      case .tenThousand: 0.96
      }
    }

    fileprivate var plan: (network: DigitsNetwork, cohort: Double, rounds: Int, serverRate: Double) {
      switch self {
      case .hundred: (.linear, 1, 40, 0.01)
      case .thousand: (.small, 0.1, 100, 0.03)
      case .tenThousand: (.medium, 0.02, 80, 0.02)
      }
    }
  }

  private static let epsilon = 8.0

  /// Tells the story; `progress` hears what is being done.
  ///
  /// - Throws: `DatasetError` where the set is not in the folder, and what a training throws.
  public func tell(progress: @escaping (String) -> Void = { _ in }) async throws -> DemoReport {
    let clock = ContinuousClock()
    let begin = clock.now
    var report = setting.report(
      "geyer", "Digits, learned from clients of whom none can be told",
      lead: """
        Each client has 600 images, in two shards of the images sorted by digit. In a round those asked take one step, shorten their update \
        to a norm that follows the median, and the coordinator adds noise to the sum: from all the models together nobody can \
        tell whether a client took part, up to ε = 8 at δ.
        """, source: NamedDataset.mnist.source)
    var rows: [DemoReport.Row] = []
    for count in clients {
      let hidden = try await train(count, isHidden: true, progress)
      let open = try await train(count, isHidden: false, progress)
      rows += [row(count, hidden), row(count, open)]
      report.goals.append(.atLeast(count.goal, hidden.accuracy, "accuracy, \(count.rawValue) clients at ε = 8"))
      report.goals.append(.atMost(Self.epsilon, hidden.privacy?.epsilon ?? .infinity, "ε of \(count.rawValue) clients"))
      report.charts.append(chart(count, hidden, open))
    }
    report.tables = [
      .init(
        title: "What hiding each client costs",
        text: """
          The same rounds with and without noise. ε is against whoever reads the models; the coordinator sees each clipped update and is trusted to \
          add the noise. Where few are asked in a round, ε also needs that nobody but the coordinator learns who.
          """, measure: .accuracy, rows: rows)
    ]
    report.seconds = (clock.now - begin) / .seconds(1)
    return report
  }

  private func train(
    _ count: Clients, isHidden: Bool, _ progress: @escaping (String) -> Void
  ) async throws -> DigitsFederation.Report {
    let plan = count.plan
    var federation = DigitsFederation()
    federation.network = plan.network
    federation.workers = count.rawValue
    federation.cohort = .fraction(plan.cohort)
    federation.rounds = plan.rounds
    federation.strategy = .fedAdam(.init(learningRate: plan.serverRate))
    federation.imagesPerWorker = 600
    (federation.batch, federation.learningRate) = (600, 0.3)
    federation.standardises = true
    (federation.seed, federation.threads) = (setting.seed, threads)
    if isHidden {
      federation.privacy = PrivacyPart(
        unit: .client, clipping: .adaptive(.init(norm: 1)), noise: .targetEpsilon(Self.epsilon), delta: count.delta)
    }
    let way = "\(count.rawValue) clients\(isHidden ? ", hidden" : "")"
    return try await federation.run(folder: setting.data) { progress("\(way): round \($0.round) of \(plan.rounds)") }
  }

  private func row(_ count: Clients, _ run: DigitsFederation.Report) -> DemoReport.Row {
    var way = "\(count.rawValue) clients, in the open"
    if let privacy = run.privacy {
      way = "\(count.rawValue) clients, ε = \(number(privacy.epsilon, 2)), δ = \(privacy.delta)"
    }
    return .init(way, .accuracy, [DemoRun(value: run.accuracy, seconds: run.seconds)])
  }

  private func chart(
    _ count: Clients, _ hidden: DigitsFederation.Report, _ open: DigitsFederation.Report
  ) -> LineChart {
    func curve(_ name: String, _ run: DigitsFederation.Report) -> LineChart.Curve {
      .init(name: name, points: run.rounds.map { .init(x: Double($0.round), y: $0.accuracy) })
    }
    return LineChart(
      title: "\(count.rawValue) clients, round by round", text: "Dashed: what the paper reached.",
      x: .init(name: "round", low: 0, high: Double(count.plan.rounds)),
      y: .init(name: "accuracy on the test images", low: 0, high: 1),
      curves: [curve("each client hidden, ε = 8", hidden), curve("in the open", open)], levels: [count.goal])
  }
}
