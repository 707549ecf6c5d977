import Arithmetic
import Foundation

/// How rows are dealt among workers: each row goes to exactly one, and each worker gets at least one.
public enum Partition: Hashable, Sendable, Codable {
  /// At random, in parts whose sizes differ by one row at most.
  case iid
  /// Each class is dealt in shares drawn from a Dirichlet distribution of this concentration: the smaller, the more
  /// unequal. Source: *Measuring the Effects of Non-Identical Data Distribution for Federated Visual
  /// Classification*, arXiv 1909.06335, 2019.
  case dirichlet(Double)
  /// Rows sorted by class are cut into equal shards, and each worker gets this many at random. Source:
  /// *Communication-Efficient Learning of Deep Networks from Decentralized Data*, AISTATS 2017.
  case shards(Int)
  /// Rows of one value of this column stay together: values are dealt, those of most rows first, each to the worker
  /// that has fewest rows so far.
  case byColumn(String)
  /// At random, in parts whose sizes are shares drawn from a Dirichlet distribution of this concentration: the smaller,
  /// the more unequal. Source: *Federated Learning on Non-IID Data Silos: An Experimental Study*, ICDE 2022, quantity
  /// skew.
  case quantity(Double)

  /// The rows of each worker, ascending. `strata` names each row's class, or its value of the column for
  /// ``byColumn(_:)``.
  public func deal(strata: [Int], workers: Int, seed: UInt64) throws(DatasetError) -> [[Int]] {
    guard workers >= 1, workers <= strata.count else {
      throw .impossibleSplit("\(strata.count) rows cannot be dealt among \(workers) workers; choose fewer workers")
    }
    let seeds = SeedTree(seed: seed).child("partition")
    switch self {
    case .iid:
      var generator = seeds.child("iid").generator()
      return Self.cut(generator.shuffled(strata.count), into: workers).map { $0.sorted() }
    case .shards(let count):
      let (shardCount, overflow) = count.multipliedReportingOverflow(by: workers)
      guard count >= 1, !overflow, shardCount <= strata.count else {
        throw .impossibleSplit("\(strata.count) rows do not fill \(count) shards a worker; choose fewer shards")
      }
      var generator = seeds.child("shards").generator()
      let sorted = generator.shuffled(strata.count).sorted { strata[$0] < strata[$1] }
      let shards = Self.cut(sorted, into: shardCount)
      return Self.cut(generator.shuffled(shardCount), into: workers).map { $0.flatMap { shards[$0] }.sorted() }
    case .dirichlet(let concentration):
      return try Self.dealUnequally(
        strata, workers: workers, concentration: concentration, generator: seeds.child("dirichlet").generator())
    case .quantity(let concentration):
      return try Self.dealUnequally(
        strata.map { _ in 0 }, workers: workers, concentration: concentration,
        generator: seeds.child("quantity").generator())
    case .byColumn(let column): return try Self.dealValues(of: column, strata, workers: workers)
    }
  }

  private static func dealValues(
    of column: String, _ values: [Int], workers: Int
  ) throws(DatasetError) -> [[Int]] {
    let groups = Dictionary(grouping: values.indices) { values[$0] }
      .sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
    guard groups.count >= workers else {
      throw .impossibleSplit(
        "Column \(column) has \(groups.count) values and there are \(workers) workers; choose fewer workers")
    }
    var parts = [[Int]](repeating: [], count: workers)
    for (_, rows) in groups {
      let lightest = parts.indices.min { (parts[$0].count, $0) < (parts[$1].count, $1) } ?? 0
      parts[lightest] += rows
    }
    return parts.map { $0.sorted() }
  }

  /// Draws shares until every worker has a row; small concentrations need several draws, hopeless ones are refused.
  private static func dealUnequally(
    _ strata: [Int], workers: Int, concentration: Double, generator: PublicGenerator
  ) throws(DatasetError) -> [[Int]] {
    guard concentration.isFinite, concentration >= 0.001 else {
      throw .impossibleSplit("The concentration of a partition is a number from 0.001 up; choose another")
    }
    var generator = generator
    let classes = Dictionary(grouping: strata.indices) { strata[$0] }.sorted { $0.key < $1.key }.map(\.value)
    for _ in 0..<1_000 {
      var parts = [[Int]](repeating: [], count: workers)
      for rows in classes {
        let order = generator.shuffled(rows.count)
        let logs = (0..<workers).map { _ in
          logGamma(shape: concentration, normal: { generator.normal() }, uniform: { generator.uniform() })
        }
        let top = logs.max() ?? 0
        let shares = logs.map { exp($0 - top) }
        let total = shares.reduce(0, +)
        var (sum, start) = (0.0, 0)
        for (worker, share) in shares.enumerated() {
          sum += share
          let isLast = worker == workers - 1
          let end = isLast ? rows.count : max(start, Int((sum / total * Double(rows.count)).rounded()))
          parts[worker] += order[start..<min(end, rows.count)].map { rows[$0] }
          start = min(end, rows.count)
        }
      }
      if parts.allSatisfy({ !$0.isEmpty }) { return parts.map { $0.sorted() } }
    }
    throw .impossibleSplit(
      "A partition of concentration \(concentration) leaves some of \(workers) workers without rows; raise it"
    )
  }

  /// The logarithm of a gamma variate of unit scale, for small shapes underflow. Source: *A Simple Method for
  /// Generating Gamma Variables*, ACM TOMS 26, 2000, with its boost for shapes below 1.
  private static func logGamma(shape: Double, normal: () -> Double, uniform: () -> Double) -> Double {
    let boost = shape < 1 ? log(1 - uniform()) / shape : 0
    let d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let base = 1 + c * x
      guard base > 0 else { continue }
      let v = base * base * base
      if log(1 - uniform()) < x * x / 2 + d * (1 - v + log(v)) { return log(d * v) + boost }
    }
  }

  /// Cuts a list into parts whose lengths differ by one at most.
  private static func cut(_ list: [Int], into count: Int) -> [[Int]] {
    (0..<count).map { Array(list[(list.count * $0 / count)..<(list.count * ($0 + 1) / count)]) }
  }
}

extension Dataset {
  /// The rows of each worker. Tensors have no columns, so rows cannot be dealt by one.
  public func partitioned(_ partition: Partition, workers: Int, seed: UInt64) throws(DatasetError) -> [Dataset] {
    try partition.deal(strata: strata(for: partition), workers: workers, seed: seed).map { rows($0) }
  }

  private func strata(for partition: Partition) throws(DatasetError) -> [Int] {
    if case .byColumn(let column) = partition { throw .missingColumn(column, table: name) }
    return targets.classes ?? [Int](repeating: 0, count: rowCount)
  }
}

extension Table {
  /// The rows of each worker; classes are the values of the column `target`, and all rows are alike without one.
  public func partitioned(
    _ partition: Partition, target: String?, workers: Int, seed: UInt64
  ) throws(DatasetError) -> [Table] {
    var strata = try strata(by: target)
    if case .byColumn(let column) = partition { strata = try self.strata(by: column) }
    return try partition.deal(strata: strata, workers: workers, seed: seed).map { rows($0) }
  }
}
