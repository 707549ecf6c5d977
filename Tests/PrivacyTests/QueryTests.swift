import Foundation
import Privacy
import Testing

/// Answers with so little noise that they must be right, and what they say that they release.
@Suite struct QueryTests {
  private let cells: [String?] = ["1", "2", "3", nil, "40", "x"]

  private func answer(_ query: PrivateQuery, _ noise: QueryNoise = .laplace(epsilon: 1000)) throws -> [Double] {
    try PreparedQuery(query, noise: noise).answer(cells)
  }

  @Test func answersWithNextToNoNoise() throws {
    #expect(try answer(.count) == [5])
    #expect(abs(try answer(.sum(in: 0...10))[0] - 16) < 0.5)
    #expect(abs(try answer(.mean(in: 0...10))[0] - 4) < 0.2)
    #expect(try answer(.histogram(in: 0...4, bins: 4)) == [0, 1, 1, 2])
    #expect(try answer(.categories(["x", "3", "y"])) == [1, 1, 0])
    let median = try answer(.quantile(0.5, in: 0...10, candidates: 101))[0]
    #expect(median > 2 && median <= 3)
  }

  @Test func gaussianAnswers() throws {
    let noise = QueryNoise.gaussian(epsilon: 50, delta: 1e-3)
    #expect(abs(try answer(.count, noise)[0] - 5) <= 3)
    let prepared = try PreparedQuery(.sum(in: -2...10), noise: .gaussian(epsilon: 1, delta: 1e-5))
    let epsilon = try LossAccountant().epsilon(of: prepared.event, delta: 1e-5)
    #expect(epsilon <= 1 && epsilon > 0.9999)
  }

  /// Each query costs what was asked for and no more.
  @Test(arguments: [
    PrivateQuery.count, .sum(in: -3...5), .mean(in: 0...9), .histogram(in: 0...1, bins: 5), .categories(["a"]),
    .quantile(0.9, in: 0...1, candidates: 11),
  ])
  func costs(query: PrivateQuery) throws {
    let prepared = try PreparedQuery(query, noise: .laplace(epsilon: 0.3))
    let epsilon = try LossAccountant().epsilon(of: prepared.event, delta: 0)
    #expect(epsilon <= 0.3 * (1 + 1e-12) && epsilon > 0.2999)
  }

  @Test func refusals() {
    for query: PrivateQuery in [
      .sum(in: 1...1), .histogram(in: 0...1, bins: 0), .categories([]), .categories(["a", "a"]),
      .quantile(2, in: 0...1, candidates: 5), .sum(in: -1e308...1e308),
    ] {
      #expect(throws: MechanismError.self) { try PreparedQuery(query, noise: .laplace(epsilon: 1)) }
    }
    #expect(throws: MechanismError.self) { try PreparedQuery(.count, noise: .laplace(epsilon: -1)) }
  }
}
