import Foundation
import Privacy
import Testing

/// Our accountants beside dp-accounting 0.6.0, Opacus 1.6.0 and closed forms in 40 digits (`Tests/Golden/dp_oracle.py`).
@Suite struct OracleTests {
  struct Row: Sendable, CustomStringConvertible {
    let fields: [String]
    var mechanism: String { fields[0] }
    var rate: Double { number(1) ?? .nan }
    var noise: Double { number(2) ?? .nan }
    var steps: Int { Int(fields[3]) ?? 0 }
    var delta: Double { number(4) ?? .nan }
    var exact: Double? { number(5) }
    var loss: Double? { number(6) }
    var lossStep: Double? { number(7) }
    var renyi: Double? { [number(9), number(11)].compactMap { $0 }.min() }
    var description: String { fields.joined(separator: ",") }
    var event: PrivacyEvent {
      mechanism == "laplace"
        ? .repeated(.laplace(noiseMultiplier: noise), count: steps)
        : .privateTraining(samplingRate: rate, noiseMultiplier: noise, steps: steps)
    }
    func number(_ field: Int) -> Double? { Double(fields[field]) }
  }

  static func rows(_ name: String) throws -> [Row] {
    let golden = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: golden.appending(path: "Golden/\(name)"), encoding: .utf8)
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.dropFirst().map {
      Row(fields: $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
    }
  }

  /// At most 1.005 times the better library, and never below the truth. The table has 10 digits.
  @Test func renyiDivergences() throws {
    for row in try Self.rows("dp_epsilon.csv") {
      let epsilon = try RenyiAccountant().epsilon(of: row.event, delta: row.delta)
      let truth = row.exact ?? row.loss.map { $0 - (row.lossStep ?? 0) } ?? 0
      #expect(epsilon >= truth * (1 - 1e-9), "\(row)")
      #expect(epsilon <= 1.005 * (row.renyi ?? .infinity), "\(row)")
    }
  }

  /// Within 1 % of the library and never below the closed form, in four pieces that run side by side.
  @Test(arguments: 0..<4) func losses(piece: Int) throws {
    for (index, row) in try Self.rows("dp_epsilon.csv").enumerated() where index % 4 == piece {
      let epsilon = try LossAccountant().epsilon(of: row.event, delta: row.delta)
      if let exact = row.exact { #expect(epsilon >= exact * (1 - 1e-9) && epsilon <= exact * (1 + 1e-6), "\(row)") }
      if let loss = row.loss { #expect(abs(epsilon / loss - 1) < 0.002, "\(row)") }
    }
  }

  /// The divergence of one sampled step against 30-digit binomial sums and quadrature.
  @Test func ordersOfOneSampledStep() throws {
    for row in try Self.rows("dp_rdp_orders.csv") {
      let numbers = (0...3).compactMap(row.number)
      let ours = SampledGaussian(rate: numbers[0], multiplier: numbers[1]).divergence(order: numbers[2])
      #expect(abs(ours / numbers[3] - 1) < 3e-9, "\(row)")
    }
  }

  @Test func noiseForATargetInvertsToFourDigits() throws {
    for row in try Self.rows("dp_epsilon.csv") where row.mechanism == "gaussian_sigma" {
      let target = try Calibration(accountant: LossAccountant(), epsilon: try #require(row.exact), delta: row.delta)
      let noise = try target.noiseMultiplier { .gaussian(noiseMultiplier: $0) }
      #expect(abs(noise / row.noise - 1) < 1e-6, "\(row)")
    }
  }
}
