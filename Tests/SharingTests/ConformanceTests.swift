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
}
