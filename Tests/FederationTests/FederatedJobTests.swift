import Datasets
import Foundation
import Learning
import Testing

@Suite struct FederatedJobTests {
  private func parse(_ federated: String, rest: String = "", data: String = "{set: iris}") throws -> Job {
    try Job.parse(
      """
      model: {layers: [{dense: 3}, softmax]}
      data: \(data)
      training: {batch: 10, loss: softmaxCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}, seed: 5}
      mode: federated
      \(federated)
      \(rest)
      """)
  }

  private func refuses(
    _ federated: String, rest: String = "", data: String = "{set: iris}", saying parts: String...
  ) {
    #expect {
      try parse(federated, rest: rest, data: data)
    } throws: { error in
      guard error is JobError else { return false }
      for part in parts where !"\(error)".contains(part) {
        Issue.record("“\(error)” does not say “\(part)”")
      }
      return true
    }
  }

  @Test func everyKeyIsRead() throws {
    let job = try parse(
      """
      federated:
        workers: 30
        partition: {dirichlet: 0.5}
        rounds: 12
        localEpochs: 2
        cohort: {count: 10}
        strategy: {fedYogi: {learningRate: 0.05, beta1: 0.8, beta2: 0.9, tau: 0.01}}
        aggregation: open
        minimumClients: 4
        quorum: 0.5
        deadlineSeconds: 9
        valueRange: 2.5
        transport: memory
        compression: {quantize: 8}
      """)
    let part = try #require(job.federated)
    #expect(part.workers == 30 && part.owners.isEmpty && part.partition == .dirichlet(0.5))
    #expect(part.rounds == 12 && part.localEpochs == 2 && job.training.epochs == 24)
    #expect(part.cohort == .count(10) && part.cohort.count(of: 30) == 10)
    #expect(part.strategy == .fedYogi(.init(learningRate: 0.05, beta1: 0.8, beta2: 0.9, tau: 0.01)))
    #expect(part.aggregation == .open && part.minimumClients == 4 && part.quorum == 0.5)
    #expect(part.valueRange == 2.5 && part.transport == .memory)
    #expect(part.deadlineSeconds == 9 && part.compression == .quantize(bits: 8) && part.buffer == nil)
    #expect(try JSONDecoder().decode(Job.self, from: JSONEncoder().encode(job)) == job)
  }

  @Test func everyKeyHasADefault() throws {
    let part = try #require(try parse("").federated)
    #expect(part == Job.FederatedPart())
    #expect(part.aggregation == .masked && part.strategy == .fedAvg && part.cohort.count(of: 3) == 3)
    #expect(try parse("federated: {workers: 2}").federated?.minimumClients == 2)
  }

  @Test(arguments: [
    ("fedAvg", StrategySpec.fedAvg), ("fedProx", .fedProx(mu: 0.01)), ("{fedProx: {mu: 0.5}}", .fedProx(mu: 0.5)),
    ("fedAdam", .fedAdam(.init())), ("{fedAdagrad: {tau: 0.1}}", .fedAdagrad(.init(tau: 0.1))),
    ("scaffold", .scaffold(learningRate: 1)), ("{trimmedMean: {trim: 0.2}}", .trimmedMean(trim: 0.2)),
    ("median", .median), ("krum", .krum(byzantine: nil)),
    ("{multiKrum: {byzantine: 1, keep: 2}}", .multiKrum(byzantine: 1, keep: 2)),
    ("{normBound: {limit: 2}}", .normBound(limit: 2)),
  ])
  func strategiesAreRead(text: String, spec: StrategySpec) throws {
    #expect(try parse("federated: {strategy: \(text), aggregation: open}").federated?.strategy == spec)
  }

  @Test(arguments: [
    ("iid", Partition.iid), ("{shards: 2}", .shards(2)), ("{byColumn: ward}", .byColumn("ward")),
    ("{quantity: 0.3}", .quantity(0.3)),
  ])
  func partitionsAreRead(text: String, partition: Partition) throws {
    #expect(try parse("federated: {partition: \(text)}").federated?.partition == partition)
  }

  @Test func otherFormsAreRead() throws {
    #expect(try parse("federated: {workers: 40, cohort: 0.1}").federated?.cohort.count(of: 40) == 4)
    let open = try parse("federated: {aggregation: open, asynchronous: {buffer: 10}, compression: {topK: 0.01}}")
    #expect(open.federated?.buffer == 10 && open.federated?.compression == .topK(fraction: 0.01))
    let banks = "federated: {workers: [{name: bank-a, file: a.csv}, {name: bank-b, file: b.csv}]}"
    let owned = try parse(banks, data: "{target: species}")
    #expect(owned.ownerFiles == ["a.csv", "b.csv"] && owned.federated?.workers == 2)
    let remote = try parse("coordinator: 'wss://localhost:7000'", data: "{target: species}")
    #expect(remote.coordinator == "wss://localhost:7000" && remote.federated == .init())
  }

  @Test func unknownThingsNameTheNearest() {
    refuses("federated: {worker: 3}", saying: "federated.worker", "did you mean workers?")
    refuses("federated: {agregation: open}", saying: "did you mean aggregation?")
    refuses("federated: {strategy: fedAvgg}", saying: "did you mean fedAvg?")
    refuses("federated: {strategy: {fedProx: {mus: 1}}}", saying: "did you mean mu?")
    refuses("federated: {aggregation: masks}", saying: "did you mean masked?")
    refuses("federated: {partition: {shard: 2}}", saying: "did you mean shards?")
    refuses("federated: {cohort: {counts: 2}}", saying: "did you mean count?")
  }

  @Test(arguments: [
    "workers: 0", "rounds: 0", "localEpochs: 0", "cohort: 0", "cohort: 1.5", "cohort: {count: 0}", "quorum: 0",
    "cohort: {count: 2, fraction: 0.5}", "partition: dirichlet", "partition: {iid: 1}", "partition: {dirichlet: 0}",
    "strategy: {fedAdam: {beta1: 1}}", "strategy: {fedAvg: {mu: 1}}", "strategy: normBound",
    "strategy: {trimmedMean: {trim: 0.5}}, aggregation: open", "compression: {quantize: 12}, aggregation: open",
    "compression: {topK: 0}, aggregation: open", "compression: {quantize: 8}", "minimumClients: 1",
    "workers: 2, minimumClients: 3", "cohort: {count: 2}", "quorum: 0.6", "asynchronous: {buffer: 10}",
    "asynchronous: {buffer: 3}, aggregation: open, strategy: scaffold", "asynchronous: {buffer: 0}, aggregation: open",
    "workers: []", "deadlineSeconds: 0", "valueRange: 0", "transport: tcp",
  ])
  func whatIsOutOfRangeIsRefused(text: String) {
    refuses("federated: {\(text)}")
  }

  @Test func partsThatContradictAreRefused() {
    let banks = "federated: {workers: [{name: a, file: a.csv}, {name: b, file: b.csv}]}"
    refuses(banks, saying: "data names the target alone")
    refuses("federated: {workers: [{name: a, file: a.csv}, {name: a, file: b.csv}]}", data: "{target: x}")
    refuses(banks, rest: "coordinator: 'wss://x'", data: "{target: x}", saying: "their number")
    refuses("coordinator: 'wss://x'", saying: "data names the target alone")
    refuses("cluster: c.yaml", saying: "aggregation: shared")
    refuses("encrypted: {parties: 3}", saying: "mode: encrypted")
    refuses("federated: {partition: {shards: 2}}", rest: "coordinator: 'wss://x'", data: "{target: x}")
    #expect(throws: JobError.self) {
      try Job.parse(
        """
        model: {layers: [{dense: 3}, softmax]}
        data: {set: iris}
        training: {epochs: 1, loss: softmaxCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}}
        federated: {workers: 3}
        """)
    }
  }

  /// Every pair is parsed or refused as the table says, and a refusal names what works.
  @Test func impossiblePairsNameThosePossible() throws {
    for kind in StrategySpec.Kind.allCases {
      let strategy = kind == .normBound ? "{normBound: {limit: 1}}" : kind.rawValue
      for aggregation in Aggregation.allCases {
        let text = "federated: {strategy: \(strategy), aggregation: \(aggregation.rawValue)}"
        if kind.needs == .average || aggregation == .open {
          #expect(try parse(text).federated?.strategy.kind == kind)
        } else {
          refuses(
            text, saying: "\(kind.rawValue) goes with open,",
            "and \(aggregation.rawValue) with fedAvg, fedProx, fedAdam")
        }
      }
    }
  }

  @Test func theTableIsInTheDocuments() throws {
    let path = #filePath.replacingOccurrences(
      of: "Tests/FederationTests/FederatedJobTests.swift", with: "docs/FEDERATION.md")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains(Aggregation.table), "put this into docs/FEDERATION.md:\n\(Aggregation.table)")
  }
}
