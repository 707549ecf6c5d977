import Datasets
import Tensors
import Testing

@Suite struct SplitTests {
  /// 690 rows, classes of 383 and 307.
  let strata = (0..<690).map { $0 * 307 % 690 < 307 ? 1 : 0 }

  @Test(arguments: [0.2, 0.25, 1.0 / 3, 0.5, 0.01, 0.99])
  func heldOutRowsAreStratified(share: Double) throws {
    let split = try RowSplit.heldOut(strata: strata, test: share, seed: 7)
    #expect((split.train + split.test).sorted() == Array(0..<690))
    #expect(split.train == split.train.sorted() && split.test == split.test.sorted())
    #expect(split.test.count == Int((690 * share).rounded()))
    for stratum in 0...1 {
      let whole = Double(strata.count { $0 == stratum })
      #expect(abs(Double(split.test.count { strata[$0] == stratum }) - whole * share) <= 1)
    }
  }

  @Test func seedsDecide() throws {
    let split = try RowSplit.heldOut(strata: strata, test: 0.2, seed: 7)
    #expect(try RowSplit.heldOut(strata: strata, test: 0.2, seed: 7) == split)
    #expect(try RowSplit.heldOut(strata: strata, test: 0.2, seed: 8) != split)
  }

  @Test func foldsCoverEveryRowOnce() throws {
    let folds = try RowSplit.folds(5, repeats: 2, strata: strata, seed: 3)
    #expect(folds.count == 10)
    for turn in 0..<2 {
      let parts = folds[(5 * turn)..<(5 * turn + 5)]
      #expect(parts.flatMap(\.test).sorted() == Array(0..<690))
      for part in parts {
        #expect((part.train + part.test).sorted() == Array(0..<690))
        #expect(part.test.count == 138)
        #expect(abs(part.test.count { strata[$0] == 1 } - 307 / 5) <= 1)
      }
    }
    #expect(folds[0] != folds[5])
  }

  @Test func refusesWhatCannotBeSplit() {
    #expect(
      message { _ = try RowSplit.heldOut(strata: [0, 1], test: .nan, seed: 1) }
        == "The share of test rows must lie between 0 and 1.")
    #expect(
      message { _ = try RowSplit.heldOut(strata: [0, 1], test: 0.1, seed: 1) }
        == "A share of 0.1 of 2 rows leaves no row to learn from or none to judge by; choose another share.")
    #expect(
      message { _ = try RowSplit.folds(3, strata: [0, 1], seed: 1) }
        == "2 rows cannot be dealt 1 times into 3 folds; choose 2 or more.")
  }

  @Test func tablesSplitByLabel() throws {
    let table = SyntheticCredit.table()
    let (train, test) = try table.split(test: 0.2, seed: 4, stratifiedBy: "A16")
    #expect(train.rowCount == 552 && test.rowCount == 138)
    func share(_ table: Table) throws -> Double {
      Double(try table.column("A16").count { $0 == "+" }) / Double(table.rowCount)
    }
    #expect(abs(try share(train) - share(test)) < 0.01)
    #expect(CSV.bytes(of: train).count + CSV.bytes(of: test).count > CSV.bytes(of: table).count)
  }

  @Test func gathersRows() throws {
    let features = Tensor<Float>(shape: [4, 2, 1], scalars: [0, 1, 2, 3, 4, 5, 6, 7])
    let data = try Dataset(name: "t", source: "", features: features, targets: .classes([0, 1, 2, 0], count: 3))
    let batch = data.batch(rows: [3, 1, 1])
    #expect(batch.features == Tensor(shape: [3, 2, 1], scalars: [6, 7, 2, 3, 2, 3]))
    #expect(batch.targets == Tensor(shape: [3, 3], scalars: [1, 0, 0, 0, 1, 0, 0, 1, 0]))
    #expect(data.rows([2]).targets == .classes([2], count: 3))
    #expect(data.rows([]).rowCount == 0)
  }

  @Test func datasetsRefuseContradictions() {
    let features = Tensor<Float>(shape: [2, 1], scalars: [1, .nan])
    #expect(
      message { _ = try Dataset(name: "t", source: "", features: features, targets: .classes([0, 1], count: 2)) }
        == "A feature of t is nan or inf; correct it.")
    #expect(
      message { _ = try Dataset(name: "t", source: "", features: features, targets: .classes([0], count: 2)) }
        == "t has features of shape [2, 1] and 1 targets; the first axis must match.")
    #expect(
      message { _ = try Dataset(name: "t", source: "", features: features, targets: .classes([0, 2], count: 2)) }
        == "Targets must be finite numbers, zeros and ones, or classes below their count; correct them.")
  }
}

@Suite struct PartitionTests {
  let strata = (0..<1_000).map { $0 % 10 }

  @Test(arguments: [Partition.iid, .dirichlet(0.5), .dirichlet(100), .dirichlet(0.05), .shards(2), .shards(1)])
  func everyRowGoesToOneWorker(partition: Partition) throws {
    let parts = try partition.deal(strata: strata, workers: 7, seed: 5)
    #expect(parts.count == 7 && parts.allSatisfy { !$0.isEmpty && $0 == $0.sorted() })
    #expect(parts.flatMap { $0 }.sorted() == Array(0..<1_000))
    #expect(try partition.deal(strata: strata, workers: 7, seed: 5) == parts)
  }

  /// The mean over workers and classes of the squared distance of shares from equal ones: for a symmetric Dirichlet
  /// distribution of `n` parts it is `(1 − 1/n) / (n (n α + 1))`. 400 draws keep it within 20 % (5 σ).
  @Test(arguments: [0.5, 1.0, 5.0])
  func dirichletSharesHaveTheRightSpread(concentration: Double) throws {
    let workers = 4
    var sum = 0.0
    for seed in 0..<40 as Range<UInt64> {
      let parts = try Partition.dirichlet(concentration).deal(strata: strata, workers: workers, seed: seed)
      for part in parts {
        for stratum in 0..<10 {
          let share = Double(part.count { strata[$0] == stratum }) / 100
          sum += (share - 0.25) * (share - 0.25)
        }
      }
    }
    let expected = 0.75 / (4 * (4 * concentration + 1))
    #expect(abs(sum / Double(40 * 10 * workers) / expected - 1) < 0.2)
  }

  @Test func shardsHoldFewClasses() throws {
    let parts = try Partition.shards(2).deal(strata: strata, workers: 10, seed: 1)
    // Twenty shards of 50 rows over ten classes of 100: each shard is of one class.
    #expect(parts.allSatisfy { part in part.count == 100 && Set(part.map { strata[$0] }).count <= 2 })
  }

  @Test func refusesWhatCannotBeDealt() {
    #expect(
      message { _ = try Partition.iid.deal(strata: [0, 0], workers: 3, seed: 1) }
        == "2 rows cannot be dealt among 3 workers; choose fewer workers.")
    #expect(
      message { _ = try Partition.shards(.max).deal(strata: [0, 0], workers: 2, seed: 1) }
        == "2 rows do not fill \(Int.max) shards a worker; choose fewer shards.")
    #expect(
      message { _ = try Partition.dirichlet(0).deal(strata: [0, 0], workers: 2, seed: 1) }
        == "The concentration of a partition is a number from 0.001 up; choose another.")
  }
}
