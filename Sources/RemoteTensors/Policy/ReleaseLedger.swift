/// The owner's tensors as the policy sees them, and every statistic that has left the worker.
///
/// Tensors of one *population* are about the same people, row by row. Two sums over sets of people that differ by one
/// person tell that person's values; therefore all statistics of a population are over the same number of rows, of
/// tensors that were there when the first of them left.
struct ReleaseLedger: Sendable {
  private struct OwnTensor {
    let name: String
    let population: String
    let rows: Int
    let cameLate: Bool
  }

  private struct Population {
    var released: Set<Statistic> = []
    /// Set with the first release.
    var rows: Int?
  }

  private var tensors: [OwnTensor] = []
  private var populations: [String: Population] = [:]

  /// Notes a tensor that the owner adds, and gives it its number.
  mutating func add(_ name: String, population: String, rows: Int) -> Int {
    let isSealed = populations[population]?.rows != nil
    tensors.append(OwnTensor(name: name, population: population, rows: rows, cameLate: isSealed))
    return tensors.count - 1
  }

  /// Notes that a value leaves in the clear, or says why it must not; what has left before costs nothing.
  mutating func release(_ provenance: Provenance, under policy: ReleasePolicy) throws(Refusal) {
    switch provenance {
    case .open: return
    case .sealed, .rows:
      throw .policy(
        "this is made from the worker's own data otherwise than by sums over all rows, and never leaves in the clear")
    case .borrowed: throw .policy("this is made from data that another worker handed over in trust, and never leaves")
    case .statistics(let statistics):
      guard let rule = policy.aggregates else {
        throw .policy("this is made from the worker's own data, and its owner has set no rule that lets anything out")
      }
      try release(statistics, under: rule)
    }
  }

  private mutating func release(
    _ statistics: Set<Statistic>, under rule: ReleasePolicy.Aggregates
  ) throws(Refusal) {
    var after = populations
    for statistic in statistics {
      let tensor = tensors[statistic.tensor]
      guard tensor.rows >= rule.minimumRows else {
        throw .policy(
          "\(tensor.name) has \(tensor.rows) rows, and the owner wants sums over at least \(rule.minimumRows)")
      }
      var population = after[tensor.population] ?? Population()
      guard !tensor.cameLate, population.rows ?? tensor.rows == tensor.rows else {
        throw .policy(
          "something about the same people has been released from other rows than those of \(tensor.name), "
            + "and a difference could tell a single row")
      }
      population.rows = tensor.rows
      population.released.insert(statistic)
      guard population.released.count <= rule.statistics else {
        throw .policy("the owner lets out \(rule.statistics) different statistics of these rows, and they are used up")
      }
      after[tensor.population] = population
    }
    populations = after
  }
}
