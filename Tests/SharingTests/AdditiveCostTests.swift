import Sharing
import Tensors
import TestSupport
import Testing

/// Counters against the cost model and the published tables, for additive sharing.
@Suite struct AdditiveCostTests {
  /// What each of several programs spends; all parties must take the same rounds.
  static func spending(
    partyCount: Int, count: Int, _ steps: [@Sendable (AdditiveScheme, AdditiveShare, AdditiveBits) async throws -> Void]
  ) async throws -> [Cost] {
    let shares = try additiveShares(of: [RingTensor(repeating: 5, shape: [count])], partyCount: partyCount)
    let parties = try await simulateAdditive(partyCount: partyCount) { scheme in
      let x = shares[scheme.party][0]
      let bits = try await scheme.negative(scheme.add(x, word: 1), width: 64)
      var spent: [Cost] = []
      for step in steps {
        let before = scheme.traffic
        try await step(scheme, x, bits)
        spent.append(scheme.traffic - before)
      }
      return spent
    }
    return steps.indices.map { step in
      #expect(Set(parties.map { $0[step].rounds }).count == 1, "step \(step)")
      var total = parties.reduce(Cost.none) { $0 + $1[step] }
      total.rounds = parties[0][step].rounds
      return total
    }
  }

  /// Rounds, bytes and dealt bytes a scalar as the tables have them (`docs/PROTOCOLS.md` 2.2, 2.6 and 3.4); traffic of
  /// more parties grows by n(n − 1)/2.
  @Test(arguments: [2, 3, 5])
  func tablesHold(partyCount: Int) async throws {
    let count = 4096
    let form = Bilinear.elementwise([count])
    let spent = try await Self.spending(
      partyCount: partyCount, count: count,
      [
        { scheme, x, _ in _ = try await FixedPointArithmetic(scheme, fractionBits: 16).relu([x]) },
        { scheme, x, _ in
          _ = try await FixedPointArithmetic(scheme, fractionBits: 16, comparisonWidth: 32).relu([x])
        },
        { scheme, x, _ in _ = try await scheme.multiply([Multiplication(form, x, scheme.add(x, x))]) },
        { scheme, x, _ in _ = try await scheme.multiply([Multiplication(form, x, x)]) },
        { scheme, x, _ in _ = try await scheme.truncate([Truncation(scheme.product(x, by: 1), by: 16)]) },
        { scheme, x, _ in _ = try await scheme.open([x]) },
      ])
    let table: [(rounds: Int, bytes: Double, dealt: Double)] = [
      (6, 29.25, 48.375), (5, 21.75, 31.5), (1, 32, 8), (1, 16, 8), (1, 16, 16), (1, 16, 0),
    ]
    for (spending, row) in zip(spent, table) {
      #expect(spending.rounds == row.rounds)
      #expect(
        Double(spending.byteCount) / Double(count) == row.bytes * Double(partyCount * (partyCount - 1) / 2))
      #expect(Double(spending.dealtByteCount) / Double(count) == row.dealt)
    }
  }

  @Test(arguments: [1, 2, 63, 64, 65, 127, 1000], [2, 3])
  func costModelIsExact(count: Int, partyCount: Int) async throws {
    let exercises = [2, 3, 5, 6, 9, 24, 33, 64].flatMap { AdditiveExercise.all(count: count, width: $0) }
    let spent = try await Self.spending(partyCount: partyCount, count: count, exercises.map(\.run))
    for (exercise, measured) in zip(exercises, spent) {
      #expect(measured == exercise.cost(AdditiveCosts(partyCount: partyCount)), "\(exercise.name) of \(count)")
    }
  }

  @Test func sharingIsCountedRightly() {
    let tensors = [RingTensor(repeating: 1, shape: [7, 3]), RingTensor(repeating: 2, shape: [5])]
    for partyCount in [2, 3, 5] {
      let bytes = AdditiveSharing.parcels(of: tensors, partyCount: partyCount).reduce(0) { $0 + $1.byteCount }
      #expect(AdditiveCosts(partyCount: partyCount).sharing(counts: [21, 5]) == Cost(rounds: 1, byteCount: bytes))
    }
  }
}
