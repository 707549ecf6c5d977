import ArgumentParser
import Foundation
import Tacit

struct PrivacyLedgerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger",
    abstract: "Show what was spent of each data set's budget, or declare one.",
    discussion: """
      A ledger's entries are only ever added, and each holds the hash of the one before. What was reserved counts as spent, \
      also if nobody knows any more whether it was released.

      Examples: tacit privacy ledger budget.sqlite --declare people --epsilon 2 --delta 1e-6
                tacit privacy ledger budget.sqlite --svg budget.svg
      """)

  @Argument(help: "The ledger file.") var file: String
  @Option(help: "Declare a budget for this data set.") var declare: String?
  @Option(help: "The budget's ε.") var epsilon: Double?
  @Option(help: "The budget's δ.") var delta: Double?
  @Option(help: "Who counts: rdp or pld.") var accountant = AccountantKind.pld
  @Option(help: "Where to draw what was spent (.svg).") var svg: String?
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let ledger = try declare.map { try declaring($0) } ?? PrivacyLedger.existing(path: file)
    let statements = try ledger.statements()
    let entries = try ledger.entries()
    if let svg { try draw(statements, to: svg) }
    if json {
      try JSONOutput.print(LedgerReport(datasets: statements, entries: entries, head: try ledger.headText()))
    } else {
      print(LedgerText.table(statements, entries))
    }
  }

  private func declaring(_ dataset: String) throws -> PrivacyLedger {
    guard let epsilon else { throw UsageError("--declare needs --epsilon, and --delta where noise may be Gaussian") }
    let budget = try PrivacyBudget(epsilon: epsilon, delta: delta ?? 0, accountant: accountant)
    let ledger = try PrivacyLedger(path: file)
    try ledger.declare(budget, for: dataset)
    return ledger
  }

  /// ε after each release as a share of its budget, one curve a data set.
  private func draw(_ statements: [LedgerStatement], to path: String) throws {
    let curves = statements.compactMap { statement -> EpsilonChart.Curve? in
      guard let budget = statement.budget else { return nil }
      let count = statement.reservedCount + statement.committedCount
      let shown = max(1, statement.history.count)
      let points = statement.history.enumerated().map { index, epsilon in
        EpsilonChart.Point(x: Double(count * (index + 1) / shown), epsilon: epsilon / budget.epsilon)
      }
      return EpsilonChart.Curve(name: statement.dataset, points: [EpsilonChart.Point(x: 0, epsilon: 0)] + points)
    }
    let chart = EpsilonChart(
      title: "Spent share of each data set's ε", axis: "releases", curves: curves, limit: 1)
    try Data(chart.svg.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}

extension PrivacyLedger {
  /// The last entry's hash in hexadecimal, to be noted elsewhere.
  fileprivate func headText() throws -> String? {
    try head().map { $0.hash.map { String(format: "%02x", $0) }.joined() }
  }
}

private struct LedgerReport: Encodable {
  let datasets: [LedgerStatement]
  let entries: [LedgerEntry]
  let head: String?
}

private enum LedgerText {
  static func table(_ statements: [LedgerStatement], _ entries: [LedgerEntry]) -> String {
    var lines = [row("data set", "spent ε", "budget ε", "δ", "committed", "open")]
    for statement in statements {
      lines.append(
        row(
          statement.dataset, statement.spent.map(PrivacyText.number) ?? "–",
          (statement.budget?.epsilon).map { "\($0)" } ?? "none", (statement.budget?.delta).map { "\($0)" } ?? "",
          "\(statement.committedCount)", "\(statement.reservedCount)"))
    }
    lines.append("")
    for entry in entries.suffix(20) { lines.append(line(entry)) }
    if entries.count > 20 { lines.append("the last 20 of \(entries.count) entries; --json prints all") }
    return lines.joined(separator: "\n")
  }

  private static func line(_ entry: LedgerEntry) -> String {
    let time = Date(timeIntervalSince1970: entry.time).formatted(.iso8601)
    let what =
      switch entry.body {
      case .budget(let budget): "budget ε = \(budget.epsilon) at δ = \(budget.delta), by \(budget.accountant.rawValue)"
      case .reserved(_, let purpose): "reserved for \(purpose)"
      case .committed(let reservation, _): "committed entry \(reservation)"
      }
    return "\(entry.number)  \(time)  \(entry.dataset)  \(what)"
  }

  private static func row(_ cells: String...) -> String {
    cells.enumerated().map { index, cell in
      cell + String(repeating: " ", count: max(1, (index == 0 ? 24 : 12) - cell.count))
    }.joined()
  }
}
