import Sharing
import TestSupport
import Testing

@Suite struct ConformanceTests {
  @Test func clear() async throws {
    try await checkConformance(ClearHarness(), costs: nil, seed: 31)
  }

  @Test(arguments: ShareForm.allCases)
  func replicated(shares: ShareForm) async throws {
    try await checkConformance(ReplicatedHarness(form: shares), costs: ReplicatedCosts(), seed: 32)
  }

  @Test(arguments: ShareForm.allCases)
  func replicatedInFewRounds(shares: ShareForm) async throws {
    let options = ReplicatedOptions(optimise: .rounds)
    try await checkConformance(
      ReplicatedHarness(form: shares, options: options), costs: ReplicatedCosts(options), seed: 35)
  }

  @Test(arguments: [2, 3, 5])
  func additive(partyCount: Int) async throws {
    try await checkConformance(
      AdditiveHarness(partyCount: partyCount), costs: AdditiveCosts(partyCount: partyCount), seed: 33)
  }

  @Test(arguments: [0, 1])
  func additiveWithLopsidedShares(owner: Int) async throws {
    try await checkConformance(
      AdditiveHarness(partyCount: 2, allAtParty: owner), costs: AdditiveCosts(partyCount: 2), seed: 34)
  }

  @Test(arguments: [2, 3, 4])
  func authenticated(partyCount: Int) async throws {
    try await checkConformance(
      AuthenticatedHarness(partyCount: partyCount), costs: AuthenticatedCosts(partyCount: partyCount), seed: 36)
  }

  @Test(arguments: [nil, .uniform, .component0, .component1, .component2] as [ShareForm?])
  func checked(shares: ShareForm?) async throws {
    try await checkConformance(CheckedHarness(form: shares), costs: CheckedCosts(), seed: 37)
  }
}
