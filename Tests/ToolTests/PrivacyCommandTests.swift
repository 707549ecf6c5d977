import Foundation
import Testing

extension ToolTests {
  /// The keys that DESIGN.md names, and numbers of dp_epsilon.csv: 1.51536517 by PLD, 1.711770091 by RDP.
  @Test func privacyCosts() throws {
    let flags = [
      "--sampling-rate", "0.01", "--noise-multiplier", "1.1", "--steps", "1000", "--delta", "1e-5", "--json",
    ]
    let tight = try tacit(["privacy", "epsilon"] + flags).json()
    #expect(abs(try #require(tight["epsilon"] as? Double) / 1.51536517 - 1) < 2e-3)
    #expect(tight["accountant"] as? String == "pld" && tight["unit"] as? String == "example")
    #expect(tight["neighbours"] as? String == "add-or-remove-one")
    let renyi = try tacit(["privacy", "epsilon", "--accountant", "rdp"] + flags).json()
    #expect(abs(try #require(renyi["epsilon"] as? Double) / 1.711770091 - 1) < 5e-3)
    let found = try tacit(
      "privacy", "calibrate", "--sampling-rate", "0.01", "--steps", "1000", "--delta", "1e-5", "--epsilon",
      "1.51536517",
      "--json"
    ).json()
    #expect(abs(try #require(found["noiseMultiplier"] as? Double) - 1.1) < 1e-3)
    let compared = try tacit(["privacy", "compare", "--svg", "curve.svg"] + flags).json()
    #expect((compared["accountants"] as? [[String: Any]])?.count == 3)
    #expect(
      try tacit("privacy", "epsilon", "--sampling-rate", "2", "--noise-multiplier", "1", "--delta", "0").status == 2)
  }

  /// Questions are charged until the budget is spent.
  @Test func privateQueriesAreCharged() throws {
    try write("people.csv", "age,city\n31,Bonn\n40,Ulm\n55,Bonn\n28,Bonn\n,Ulm\n")
    #expect(try tacit("privacy", "ledger", "budget.sqlite", "--declare", "people.csv", "--epsilon", "60").status == 0)
    let count = try tacit(
      "privacy", "query", "count", "people.csv", "--epsilon", "50", "--ledger", "budget.sqlite", "--json"
    ).json()
    // At ε = 50 the noise is 0 but for 1 in e^50.
    #expect(count["answer"] as? [Double] == [5] && count["spent"] as? Double == 50)
    let refused = try tacit(
      "privacy", "query", "mean", "people.csv", "--column", "age", "--range", "0:100", "--epsilon", "20", "--ledger",
      "budget.sqlite")
    #expect(refused.status == 4 && refused.errors.contains("budget"))
    let ledger = try tacit("privacy", "ledger", "budget.sqlite", "--svg", "budget.svg", "--json").json()
    #expect((ledger["entries"] as? [[String: Any]])?.count == 3)
  }
}
