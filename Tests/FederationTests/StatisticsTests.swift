import Arithmetic
import Datasets
import Federation
import Foundation
import Learning
import Tensors
import Testing

@Suite struct StatisticsTests {
  private func table(rows: Int) throws -> Table {
    var random = SeedTree(seed: 12).generator()
    var columns = [[String?]](repeating: [], count: 6)
    for _ in 0..<rows {
      columns[0].append(random.uniform() < 0.1 ? nil : "\(random.normal() * 3 + 40)")
      columns[1].append("\(random.normal() * 2_000 + 90_000)")
      columns[2].append(random.uniform() < 0.2 ? nil : ["red", "green", "blue"][Int(random.next() % 3)])
      columns[3].append("7.25")
      columns[4].append("\(random.normal() * 12 - 5)")
      columns[5].append(random.uniform() < 0.4 ? "yes" : "no")
    }
    return try Table(
      name: "t", columnNames: ["age", "income", "colour", "constant", "price", "sick"], columns: columns)
  }

  /// What workers tell of their tables keeps a named set's word that its target is standardised, if all keep it.
  @Test func outlinesKeepAStandardisedTarget() throws {
    let table = try table(rows: 20)
    func outline(_ isStandardised: Bool) throws -> TableOutline {
      let schema = schema(.init("price", .numeric(isStandardised: isStandardised)))
      return try #require(try TableOutline(.table(schema, train: table, test: table), loss: .meanSquaredError))
    }
    let (scaled, raw) = (try outline(true), try outline(false))
    #expect(try TableOutline.agreed(["a": scaled, "b": scaled]).target.kind == .numeric(isStandardised: true))
    #expect(try TableOutline.agreed(["a": scaled, "b": raw]).target.kind == .numeric())
  }

  private let range = try? PublicRange(1, 100_000, scale: .logarithmic)

  private func schema(_ target: Schema.Target) -> Schema {
    Schema(
      features: [
        .init("age", .numeric(missing: .meanWithIndicator)), .init("income", .numeric(range: range)),
        .init("colour", .categorical(categories: ["blue", "green", "red"], missing: .ownCategory)),
        .init("constant", .numeric()),
      ], target: target)
  }

  /// Oracle: fitting on the pooled rows. Sums of thousands of doubles, squares of deviations a hundredth of the mean.
  @Test(arguments: [
    Schema.Target("sick", .binary(negative: "no", positive: "yes")), .init("price", .numeric(isStandardised: true)),
    .init("price", .numeric()),
  ])
  func sumsGiveWhatPooledRowsDo(target: Schema.Target) throws {
    let (pooled, schema) = (try table(rows: 900), schema(target))
    let parts = try pooled.partitioned(.quantity(0.6), target: nil, workers: 5, seed: 3)
    var sums = [Double](repeating: 0, count: LocalStatistics.count(schema))
    for part in parts {
      let empty = pooled.rows([])
      let local = try LocalStatistics(.table(schema, train: part, test: empty), schema)
      #expect(local.sums.count == sums.count && local.sums[0] == Double(part.rowCount))
      for index in sums.indices { sums[index] += local.sums[index] }
    }
    #expect(sums[0] == 900)
    let (found, expected) = (try LocalStatistics.preprocessing(sums, schema), try Preprocessing.fit(pooled, schema))
    #expect(found.featureNames == expected.featureNames)
    let features = (try found.transform(pooled).scalars, try expected.transform(pooled).scalars)
    #expect(zip(features.0, features.1).allSatisfy { abs($0 - $1) < 2e-6 })
    switch (found.targetTransform.kind, expected.targetTransform.kind) {
    case (.numeric(let mean, let deviation), .numeric(let otherMean, let otherDeviation)):
      #expect(abs(mean - otherMean) < 1e-9 && abs(deviation - otherDeviation) < 1e-9)
    case (let found, let expected): #expect(found == expected)
    }
  }

  @Test func countsAreOfListedCategories() throws {
    let table = try Table(
      name: "t", columnNames: ["c", "y"], columns: [["a", "b", nil, "a", "z"], ["0", "1", "0", "1", "1"]])
    let schema = Schema(
      features: [.init("c", .categorical(categories: ["a", "b", "q"]))],
      target: .init("y", .binary(negative: "0", positive: "1")))
    #expect(try LocalStatistics(.table(schema, train: table, test: table), schema).sums == [5, 2, 1, 0])
    let none = Schema(features: [.init("c", .categorical())], target: schema.target)
    #expect(throws: FederationError.self) { try LocalStatistics(.table(none, train: table, test: table), none) }
  }

  @Test func mistakesAreErrors() throws {
    let schema = schema(.init("sick", .binary(negative: "no", positive: "yes")))
    let count = LocalStatistics.count(schema)
    #expect(throws: FederationError.self) { try LocalStatistics.preprocessing([1], schema) }
    #expect(throws: FederationError.self) {
      try LocalStatistics.preprocessing([Double](repeating: .nan, count: count), schema)
    }
    #expect(throws: FederationError.self) {
      try LocalStatistics.preprocessing([Double](repeating: 0, count: count), schema)
    }
    let rows = try Dataset(
      name: "d", source: "", features: Tensor(repeating: 0, shape: [3, 2]), targets: .classes([0, 1, 1], count: 2))
    let tensors = WorkerTable.tensors(train: rows, test: rows)
    #expect(try LocalStatistics(tensors, nil).sums == [3] && LocalStatistics.count(nil) == 1)
    #expect(throws: FederationError.self) { try LocalStatistics(tensors, schema) }
  }

  /// Whoever asks names columns in later questions too: those that the owner lets nobody read are not there.
  @Test func columnsThatAJobMayNotReadAreNotKept() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString).csv")
    defer { try? FileManager.default.removeItem(at: path) }
    try "age,diagnosis,income,label\n\((0..<20).map { "\($0),\($0),\($0),\($0 % 2)\n" }.joined())"
      .write(to: path, atomically: true, encoding: .utf8)
    let job = try Job.parse(
      """
      data: {target: label}
      model: {layers: [{dense: 1}, sigmoid]}
      training: {loss: binaryCrossEntropy, batch: 4, optimizer: {sgd: {learningRate: 0.1}}}
      mode: federated
      federated: {workers: [{name: a, file: a.csv}, {name: b, file: b.csv}], rounds: 1}
      """)
    let table = try WorkerTable.file(path.path, for: job, columns: ["age", "income", "label"])
    guard case .table(let schema, let train, let test) = table else { throw CancellationError() }
    #expect(train.columnNames == ["age", "income", "label"] && test.columnNames == train.columnNames)
    #expect(schema.features.map(\.name) == ["age", "income"] && train.rowCount + test.rowCount == 20)
    var asked = schema
    asked.features[0] = Schema.Column("diagnosis", .numeric())
    #expect(throws: DatasetError.self) { try LocalStatistics(table, asked) }
  }

  // MARK: Judging

  /// Oracle: ``Metrics`` over all rows at once, and sums of parts.
  @Test(arguments: [true, false])
  func heldOutSumsAddUp(isFused: Bool) throws {
    let layers: [LayerSpec] = [.dense(units: 5), .tanh, .dense(units: 3)] + (isFused ? [.softmax] : [])
    let description = try ModelDescription(layers: layers, inputShape: [4])
    let weights = description.initialWeights(seed: SeedTree(seed: 2))
    var random = SeedTree(seed: 3).generator()
    let x = Tensor<Float>(shape: [50, 4], scalars: (0..<200).map { _ in Float(random.normal()) })
    let classes = (0..<50).map { _ in Int(random.next() % 3) }
    let targets = Targets.classes(classes, count: 3).tensor
    func sums(_ rows: [Int]) throws -> [Double] {
      try Evaluator(
        description, loss: .softmaxCrossEntropy, hasClasses: true, features: x.gatherRows(rows),
        targets: targets.gatherRows(rows)
      ).sums(weights)
    }
    let all = try sums(Array(0..<50))
    let outputs = try Model(description: description, weights: weights).predict(x)
    #expect(all[0] == 50 && all[3] == 0)
    #expect(abs(all[2] / 50 - Metrics.accuracy(scores: outputs, classes: classes)) < 1e-12)
    let trained = try Trainer(
      description, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 1e-12), epochs: 1, batch: 50, seed: 1)
    let loss = try trained.train(features: x, targets: targets, initialWeights: weights).losses[0]
    #expect(abs(all[1] / 50 - loss) < 1e-5)
    let parts = zip(try sums(Array(0..<17)), try sums(Array(17..<50))).map { $0 + $1 }
    for (a, b) in zip(all, parts) { #expect(abs(a - b) < 1e-4) }
    #expect(try sums([]) == [0, 0, 0, 0])
  }

  @Test(arguments: [(Loss.binaryCrossEntropy, true), (.binaryCrossEntropy, false), (.meanSquaredError, false)])
  func oneOutputIsJudged(loss: Loss, isFused: Bool) throws {
    let layers: [LayerSpec] = [.dense(units: 1)] + (isFused ? [.sigmoid] : [])
    let description = try ModelDescription(layers: layers, inputShape: [1])
    var weights = Weights()
    weights["dense1.weight"] = Tensor(shape: [1, 1], scalars: [1])
    weights["dense1.bias"] = Tensor(shape: [1], scalars: [0])
    let isNumber = loss == .meanSquaredError
    let evaluator = try Evaluator(
      description, loss: loss, hasClasses: !isNumber, features: Tensor(shape: [3, 1], scalars: [2, -1, 0.25]),
      targets: Tensor(shape: [3, 1], scalars: [1, 1, 0]))
    let sums = try evaluator.sums(weights)
    // By hand: (2 − 1)² + (−1 − 1)² + 0.25², or −ln of the probability of what is true.
    let expected = isNumber ? [3, 5.0625, 0, 5.0625] : [3, 0.126928 + 1.313262 + 0.825939, 1, 0]
    for (a, b) in zip(sums, expected) { #expect(abs(a - b) < 1e-5) }
  }

  // MARK: Cohorts

  @Test func cohortsAreDrawnFromTheSeed() {
    let roster = (0..<50).map { "w\($0)" }
    let spec = CohortSpec.fraction(0.2)
    let cohort = spec.sample(from: roster, round: 3, attempt: 0, seed: 9)
    #expect(cohort.count == 10 && Set(cohort).count == 10 && cohort == cohort.sorted())
    #expect(spec.sample(from: roster.reversed(), round: 3, attempt: 0, seed: 9) == cohort)
    #expect(spec.sample(from: roster, round: 4, attempt: 0, seed: 9) != cohort)
    #expect(spec.sample(from: roster, round: 3, attempt: 1, seed: 9) != cohort)
    #expect(spec.sample(from: roster, round: 3, attempt: 0, seed: 8) != cohort)
    #expect(CohortSpec.count(80).sample(from: roster, round: 1, attempt: 0, seed: 1) == roster.sorted())
    #expect(CohortSpec.fraction(0.001).count(of: 50) == 1 && CohortSpec.fraction(1).count(of: 50) == 50)
    // A worker is asked in a fifth of the rounds: 2,000 rounds, 5 σ = 5 · √(2000 · 0.16) = 90.
    var asked: [String: Int] = [:]
    for round in 1...2_000 {
      for name in spec.sample(from: roster, round: round, attempt: 0, seed: 2) { asked[name, default: 0] += 1 }
    }
    #expect(roster.allSatisfy { abs((asked[$0] ?? 0) - 400) < 90 })
  }

  @Test func poissonCohortsFollowTheirCoins() {
    let roster = ["b", "a", "c", "d"]
    let words: [UInt64] = [0, 1 << 63, (1 << 62) - 1, .max]
    #expect(PoissonCohort.sample(from: roster, rate: 0.25, words: words) == ["a", "c"])
    #expect(PoissonCohort.sample(from: roster, rate: 0, words: words) == [])
    #expect(PoissonCohort.sample(from: roster, rate: 1, words: words) == ["a", "b", "c", "d"])
  }

  // MARK: Partitions

  @Test(arguments: [Partition.iid, .dirichlet(0.3), .shards(2), .quantity(0.5), .byColumn("colour")])
  func everyRowGoesToOneWorker(partition: Partition) throws {
    let table = try table(rows: 400)
    let numbered = try Table(
      name: "t", columnNames: table.columnNames + ["id"], columns: table.columns + [(0..<400).map { "\($0)" }])
    let workers = 3
    let parts = try numbered.partitioned(partition, target: "sick", workers: workers, seed: 5)
    #expect(parts.count == workers && parts.allSatisfy { $0.rowCount > 0 })
    let ids = try parts.flatMap { try $0.column("id").compactMap { $0.flatMap(Int.init) } }
    #expect(ids.sorted() == Array(0..<400))
    let again = try numbered.partitioned(partition, target: "sick", workers: workers, seed: 5)
    #expect(try again.map { try $0.column("id") } == parts.map { try $0.column("id") })
    guard case .byColumn(let column) = partition else { return }
    // Four values, missing among them, over three workers: no value at two of them.
    let values = try parts.map { Set(try $0.column(column)) }
    #expect(values.reduce(0) { $0 + $1.count } == 4 && values.reduce(Set()) { $0.union($1) }.count == 4)
    #expect(throws: DatasetError.self) { try numbered.partitioned(partition, target: nil, workers: 5, seed: 5) }
    #expect(throws: DatasetError.self) { try numbered.partitioned(.byColumn("x"), target: nil, workers: 2, seed: 5) }
  }

  /// Sizes are shares of a symmetric Dirichlet distribution: the mean squared distance of a share from 1/n is
  /// `(1 − 1/n) / (n (n α + 1))`; 400 draws keep it within 25 % (5 σ).
  @Test func quantitiesHaveTheRightSpread() throws {
    let strata = [Int](repeating: 0, count: 1_000)
    var sum = 0.0
    for seed in 0..<400 as Range<UInt64> {
      for part in try Partition.quantity(2).deal(strata: strata, workers: 4, seed: seed) {
        let share = Double(part.count) / 1_000 - 0.25
        sum += share * share
      }
    }
    #expect(abs(sum / 1_600 / (0.75 / (4 * 9)) - 1) < 0.25)
  }
}
