import Datasets
import Foundation
import Tensors
import Testing

@Suite struct SyntheticCreditTests {
  @Test func repeatsWithItsSeed() throws {
    #expect(SyntheticCredit.table(rows: 100, seed: 3).columns == SyntheticCredit.table(rows: 100, seed: 3).columns)
    #expect(SyntheticCredit.table(rows: 100, seed: 3).columns != SyntheticCredit.table(rows: 100, seed: 4).columns)
    let long = SyntheticCredit.table(rows: 120, seed: 3)
    #expect(long.rows(Array(0..<100)).columns == SyntheticCredit.table(rows: 100, seed: 3).columns)
  }

  /// 20 000 rows: a share is within 2 % of its mean (5 σ of a fair coin are 1.8 %).
  @Test func looksLikeTheOriginal() throws {
    let table = SyntheticCredit.table(rows: 20_000, seed: 2)
    #expect(table.columnNames == (1...16).map { "A\($0)" })
    func share(_ column: String, _ value: String?) throws -> Double {
      Double(try table.column(column).count { $0 == value }) / 20_000
    }
    #expect(abs(try share("A16", "+") - 0.45) < 0.02)
    #expect(abs(try share("A9", "t") - 361.0 / 690) < 0.02)
    #expect(abs(try share("A10", "t") - 295.0 / 690) < 0.03)
    #expect(abs(try share("A4", "u") - 519.0 / 684) < 0.03)
    #expect(abs(try share("A1", nil) - 0.018) < 0.005)
    #expect(
      try table.column("A4").indices.allSatisfy { (table.columns[3][$0] == nil) == (table.columns[6][$0] == nil) })
    let summary = try TableSummary(of: table)
    let income = try #require(summary.columns[14].numbers)
    #expect(income.maximum == 100_000 && income.mean > 500 && income.mean < 3_000)
    let strict = Schema(
      features: SyntheticCredit.schema.features.map { column in
        guard case .categorical(let categories, _, _) = column.kind else { return column }
        return .init(column.name, .categorical(categories: categories, unknown: .refused))
      }, target: SyntheticCredit.schema.target)
    #expect(try Preprocessing.fit(table, strict).transform(table).shape == [20_000, 47])
  }

  /// Ten splits of 690 rows: plain logistic regression, written here, reaches what the generator promises.
  @Test func aGoodClassifierReachesItsAccuracy() throws {
    var sum = 0.0
    for seed in 1...10 as ClosedRange<UInt64> {
      let data = try SyntheticCredit.dataset(seed: seed).prepared(test: 0.2, seed: seed)
      let weights = logisticRegression(data.train)
      let correct = zip(scores(data.test, weights), data.test.targets.classes ?? []).count { ($0 > 0) == ($1 == 1) }
      sum += Double(correct) / Double(data.test.rowCount)
    }
    #expect((0.86...0.90).contains(sum / 10), "\(sum / 10)")
  }

  /// Weights and a bias by 300 steps of gradient descent with a little decay.
  private func logisticRegression(_ data: Dataset) -> [Float] {
    let width = data.features.shape[1]
    let targets = data.targets.tensor.scalars
    var weights = [Float](repeating: 0, count: width + 1)
    for _ in 0..<300 {
      var gradient = weights.map { 0.005 * $0 }
      for (row, score) in scores(data, weights).enumerated() {
        let error = (1 / (1 + exp(-score)) - targets[row]) / Float(data.rowCount)
        for column in 0..<width { gradient[column] += error * data.features.scalars[row * width + column] }
        gradient[width] += error
      }
      for index in weights.indices { weights[index] -= 0.5 * gradient[index] }
    }
    return weights
  }

  private func scores(_ data: Dataset, _ weights: [Float]) -> [Float] {
    let width = data.features.shape[1]
    return (0..<data.rowCount).map { row in
      (0..<width).reduce(weights[width]) { $0 + weights[$1] * data.features.scalars[row * width + $1] }
    }
  }
}

@Suite struct SummaryTests {
  @Test func describesATable() throws {
    let table = try CSV.parse(Array("n,c\n1,a\n2,b\n?,b\n6,?\n".utf8), file: "t.csv")
    let summary = try TableSummary(of: table)
    #expect(
      summary.text == """
        t.csv: 4 rows, 2 columns, 2 missing cells in 2 rows
        column  kind         missing  values
        n       numeric      1        1 to 6, mean 3, deviation 2.16025
        c       categorical  1        b 2, a 1

        """)
    let stored = try JSONEncoder().encode(summary)
    #expect(try JSONDecoder().decode(TableSummary.self, from: stored) == summary)
  }

  @Test func describesADataset() throws {
    let data = try Dataset(
      name: "d", source: "here", features: Tensor(shape: [3, 2], scalars: [0, 1, 2, 3, 4, 5]),
      targets: .classes([2, 0, 2], count: 3))
    #expect(
      DatasetSummary(of: data).text == """
        d: shape [3, 2]
        source    here
        features  0 to 5, mean 2.5
        classes   0 1, 1 0, 2 2

        """)
  }

  @Test func listsAtMostTwentyCategories() throws {
    let table = try Table(name: "t", columnNames: ["x"], columns: [(0..<30).map { "v\($0)" }])
    #expect(try TableSummary(of: table).text.hasSuffix("and 10 more\n"))
  }
}
