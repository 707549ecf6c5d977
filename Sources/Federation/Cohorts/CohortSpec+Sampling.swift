import Arithmetic
public import Learning

extension CohortSpec {
  /// Who is asked in an attempt at a round, sorted by name: drawn from the job's public seed, so that anybody can check it.
  ///
  /// Each attempt draws anew. The order of the roster does not matter.
  public func sample(from roster: [String], round: Int, attempt: Int, seed: UInt64) -> [String] {
    let names = roster.sorted()
    var random = SeedTree(seed: seed).child("cohort").child(round).child(attempt).generator()
    return random.shuffled(names.count).prefix(count(of: names.count)).map { names[$0] }.sorted()
  }
}

/// A cohort that holds each worker with the same probability, independently of the others, as privacy accountants assume.
public enum PoissonCohort {
  /// - Parameters:
  ///   - rate: the probability, from 0 to 1.
  ///   - words: a random word for each of the roster; from `SecureRandom` where privacy depends on them.
  public static func sample(from roster: [String], rate: Double, words: [UInt64]) -> [String] {
    precondition(words.count == roster.count, "\(words.count) random words for \(roster.count) workers")
    return zip(roster.sorted(), words).filter { Double($0.1 >> 11) * 0x1p-53 < rate }.map(\.0)
  }
}
