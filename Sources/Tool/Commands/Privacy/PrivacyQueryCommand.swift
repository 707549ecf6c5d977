import ArgumentParser
import Foundation
import Tacit

struct PrivacyQueryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "Answer a question about a table with noise, and charge its budget.",
    discussion: """
      The cost is reserved in the ledger before the data are read, and committed when the answer is out. Ranges, bins and \
      words are public: choose them without looking at the data. Without --delta the noise is discrete Laplace, or \
      permute-and-flip for quantiles; with --delta it is Gaussian.

      Examples: tacit privacy ledger budget.sqlite --declare people --epsilon 2 --delta 1e-6
                tacit privacy query count people.csv --epsilon 0.1 --ledger budget.sqlite --dataset people
                tacit privacy query mean people.csv --column age --range 18:100 --epsilon 0.5 --ledger budget.sqlite \
      --dataset people
                tacit privacy query histogram people.csv --column city --words Bonn,Köln --epsilon 0.2 \
      --ledger budget.sqlite --dataset people
      """)

  enum Question: String, ExpressibleByArgument, CaseIterable, Encodable {
    case count, sum, mean, histogram, quantile
  }

  @Argument(help: "count, sum, mean, histogram or quantile.") var question: Question
  @Argument(help: "A named table or a .csv file.") var set: String
  @Option(help: "The folder of data sets.") var data: String?
  @Option(help: "The column; a count without one counts rows.") var column: String?
  @Option(parsing: .unconditional, help: "What values are moved into, LOW:HIGH, such as 0:120.") var range: String?
  @Option(help: "How many equal bins a histogram of numbers has.") var bins = 10
  @Option(help: "The words that a histogram of words counts, with commas between.") var words: String?
  @Option(help: "The quantile, 0...1; 0.5 is the median.") var quantile = 0.5
  @Option(help: "How many values a quantile is chosen among, evenly over the range.") var candidates = 1001
  @Option(help: "What the answer may cost.") var epsilon: Double
  @Option(help: "Gaussian noise at this δ instead of Laplace noise.") var delta: Double?
  @Option(help: "The ledger file that holds the budget.") var ledger: String
  @Option(help: "The data set's name in the ledger; the file's name where it is not given.") var dataset: String?
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let noise = delta.map { QueryNoise.gaussian(epsilon: epsilon, delta: $0) } ?? .laplace(epsilon: epsilon)
    let prepared = try PreparedQuery(try query(), noise: noise)
    guard column != nil || question == .count else {
      throw UsageError("--column is missing: whose \(question.rawValue)?")
    }
    let cells = try cells()
    let ledger = try PrivacyLedger.existing(path: ledger)
    let dataset = dataset ?? URL(fileURLWithPath: set).lastPathComponent
    let purpose = [question.rawValue, column].compactMap { $0 }.joined(separator: " of ")
    let reservation = try ledger.reserve(prepared.event, of: dataset, purpose: purpose)
    let answer = try prepared.answer(cells)
    try ledger.commit(reservation)
    let statement = try ledger.statements().first { $0.dataset == dataset }
    let report = QueryReport(
      answer: answer, budget: statement?.budget?.epsilon, column: column, dataset: dataset, delta: delta ?? 0,
      epsilon: epsilon, labels: labels, question: question, spent: statement?.spent)
    if json { try JSONOutput.print(report) } else { print(report.text) }
  }

  private func query() throws -> PrivateQuery {
    switch question {
    case .count: return .count
    case .sum: return .sum(in: try bounds())
    case .mean: return .mean(in: try bounds())
    case .quantile: return .quantile(quantile, in: try bounds(), candidates: candidates)
    case .histogram:
      if let words = wordList { return .categories(words) }
      return .histogram(in: try bounds(), bins: bins)
    }
  }

  private var wordList: [String]? { words?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }

  private func bounds() throws -> ClosedRange<Double> {
    let ends = (range ?? "").split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
    guard ends.count == 2, let low = ends[0], let high = ends[1], low < high else {
      throw UsageError(
        "a \(question.rawValue) of numbers needs --range LOW:HIGH, such as 0:120, chosen without the data")
    }
    return low...high
  }

  private var labels: [String]? {
    guard question == .histogram else { return nil }
    if let wordList { return wordList }
    guard let bounds = try? bounds() else { return nil }
    let width = (bounds.upperBound - bounds.lowerBound) / Double(bins)
    return (0..<bins).map {
      let low = bounds.lowerBound + Double($0) * width
      return "\(low.formatted())–\((low + width).formatted())"
    }
  }

  private func cells() throws -> [String?] {
    guard case .tabular(let dataset) = try DataSource.load(set, folder: data) else {
      throw UsageError("\(set) has images: only tables can be queried")
    }
    guard let column else { return [String?](repeating: "", count: dataset.table.rowCount) }
    return try dataset.table.column(column)
  }
}

private struct QueryReport: Encodable {
  let answer: [Double]
  let budget: Double?
  let column: String?
  let dataset: String
  let delta: Double
  let epsilon: Double
  let labels: [String]?
  let neighbours = Neighbours.addOrRemoveOne
  let question: PrivacyQueryCommand.Question
  let spent: Double?
  let unit = "row"

  var text: String {
    let lines =
      labels.map { zip($0, answer).map { "\($0)  \($1.formatted())" } }
      ?? ["\(question.rawValue)\(column.map { " of \($0)" } ?? "")  \((answer.first ?? 0).formatted())"]
    let cost = "with noise for ε = \(epsilon), δ = \(delta)"
    let rest = "spent of \(dataset): ε = \(PrivacyText.number(spent ?? 0)) of \(PrivacyText.number(budget ?? 0))"
    return (lines + ["\(cost); \(rest)"]).joined(separator: "\n")
  }
}
