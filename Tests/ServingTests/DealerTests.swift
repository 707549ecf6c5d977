import Foundation
import Graphs
import Identity
import Logging
import ModelFiles
import NIOConcurrencyHelpers
import Serving
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

struct DealerFixture {
  let model: ModelFile
  let x: Tensor<Float>
  let plain: Tensor<Float>

  init(batch: Int = 3) throws {
    let parts = SmallModels.perceptron(sigmoid: true)
    model = try ModelFile(
      graph: parts.graph, weights: parts.weights, provenance: .init(creator: "test", dataset: "none", source: "none"))
    x = SmallModels.numbers([batch, 4])
    plain = try SecretPredictor.plain(model, x)
  }

  func check(_ answer: Prediction) {
    for (secret, clear) in zip(answer.output.scalars, plain.scalars) { #expect(abs(secret - clear) < 1e-3) }
  }

  func query(_ client: ClusterClient, _ name: String) async throws -> Prediction {
    try await client.query(name, x, outputShape: plain.shape, fractionBits: 16)
  }
}

@Suite(.serialized) struct DealerTests {
  /// Oracles: the plain engine; the plan, for what is dealt too.
  @Test(arguments: [2, 3]) func partiesWithADealerAnswerAsInTheClear(parties: Int) async throws {
    let fixture = try DealerFixture()
    let cluster = try AdditiveCluster(parties: parties)
    defer { cluster.stop() }
    try await cluster.startDealer()
    try await cluster.startParties(policy: try StockPolicy(lowWater: 1, batch: 2))
    let plan = try await SecurePlan.query(
      try fixture.model.graph(batch: 3), dataInput: "x", fractionBits: 16,
      costs: AdditiveCosts(partyCount: parties))
    try await cluster.withClient { client in
      let name = try await client.share(fixture.model, fractionBits: 16)
      #expect(try await client.prepare(name, batch: 3, runs: 2) > 0)
      for _ in 0..<4 {
        let answer = try await fixture.query(client, name)
        fixture.check(answer)
        #expect(answer.traffic == plan.traffic && plan.dealtBytes > 0)
      }
      await #expect(throws: ServingError.self) {
        try await client.query(name, SmallModels.numbers([0, 4]), outputShape: [0, 3], fractionBits: 16)
      }
      #expect(try await client.rowCounts(of: "rows", owners: ["a"]).training == [0])
      try await client.withdraw(name)
      await #expect(throws: ServingError.self) { try await fixture.query(client, name) }
    }
  }

  /// The stock is dry and the dealer away: those who wait are told, and the run goes on when it comes. Oracle: plain.
  @Test func aDryStockWaitsAndGoesOn() async throws {
    try await withFolder { folder in
      let fixture = try DealerFixture()
      let cluster = try AdditiveCluster(folder: folder)
      defer { cluster.stop() }
      try await cluster.startDealer()
      try await cluster.startParties(policy: try StockPolicy(lowWater: 0, batch: 3))
      let (told, teller) = AsyncStream.makeStream(of: DealerProgress.self)
      try await cluster.withClient(waiting: { teller.yield($0) }) { client in
        let name = try await client.share(fixture.model, fractionBits: 16)
        _ = try await client.prepare(name, batch: 3, runs: 1)
        fixture.check(try await fixture.query(client, name))
        await cluster.kill("dealer")
        async let answer = fixture.query(client, name)
        for await progress in told where "\(progress)" == "waiting for the dealer: 0 of 3 runs ready" { break }
        try await cluster.startDealer()
        fixture.check(try await answer)
      }
    }
  }

  /// A dealer that forgot its keys: what runs is told so, then the parties agree with it anew.
  @Test func newKeysOfTheDealerBeginANewSession() async throws {
    let fixture = try DealerFixture()
    let cluster = try AdditiveCluster()
    defer { cluster.stop() }
    try await cluster.startDealer()
    try await cluster.startParties(policy: try StockPolicy(lowWater: 0, batch: 1))
    try await cluster.withClient { client in
      let name = try await client.share(fixture.model, fractionBits: 16)
      fixture.check(try await fixture.query(client, name))
      await cluster.kill("dealer")
      try await cluster.startDealer()
      await #expect(throws: ServingError.self) { try await fixture.query(client, name) }
      fixture.check(try await fixture.query(client, name))
    }
  }

  /// Models, stock and the memory of what was begun survive a restart of everybody.
  @Test func theStockSurvivesARestart() async throws {
    try await withFolder { folder in
      let fixture = try DealerFixture()
      let cluster = try AdditiveCluster(folder: folder)
      defer { cluster.stop() }
      let policy = try StockPolicy(lowWater: 0, batch: 1)
      try await cluster.startDealer()
      try await cluster.startParties(policy: policy)
      let name = try await cluster.withClient { client in
        let name = try await client.share(fixture.model, fractionBits: 16)
        _ = try await client.prepare(name, batch: 3, runs: 3)
        fixture.check(try await fixture.query(client, name))
        return name
      }
      #expect(try Self.tickets(in: folder + "/p1/stock").count == 2)
      for name in ["p0", "p1"] { await cluster.kill(name) }
      try await cluster.startParties(policy: policy)
      try await cluster.withClient { client in
        fixture.check(try await fixture.query(client, name))
        #expect(try Self.tickets(in: folder + "/p1/stock").count == 1)
        await #expect(throws: ServingError.self) { try await client.prepare("another", batch: 3, runs: 1) }
        try await client.withdraw(name)
        #expect(try Self.tickets(in: folder + "/p1/stock").isEmpty)
      }
    }
  }

  @Test func aDealerThatIsNotThereIsNamed() async throws {
    let fixture = try DealerFixture()
    let cluster = try AdditiveCluster(deadline: .seconds(2))
    defer { cluster.stop() }
    try await cluster.startParties()
    try await cluster.withClient(patience: .seconds(60)) { client in
      let name = try await client.share(fixture.model, fractionBits: 16)
      try await Self.expectDealerIsMissed { _ = try await fixture.query(client, name) }
    }
  }

  @Test func aDealerThatGoesIsNamed() async throws {
    let fixture = try DealerFixture()
    let cluster = try AdditiveCluster(deadline: .seconds(2))
    defer { cluster.stop() }
    try await cluster.startDealer()
    try await cluster.startParties(policy: try StockPolicy(lowWater: 0, batch: 1))
    try await cluster.withClient(patience: .seconds(60)) { client in
      let name = try await client.share(fixture.model, fractionBits: 16)
      fixture.check(try await fixture.query(client, name))
      await cluster.kill("dealer")
      try await Self.expectDealerIsMissed { _ = try await fixture.query(client, name) }
    }
  }

  /// On a machine that is busy parties may miss each other first.
  private static func expectDealerIsMissed(_ query: () async throws -> Void) async throws {
    var sentence = ""
    for _ in 0..<5 where !sentence.contains("the dealer does not deal") {
      do {
        try await query()
        Issue.record("a query was answered without a dealer")
      } catch let error as ServingError {
        #expect(error.exitCode == 3)
        sentence = "\(error)"
      }
    }
    #expect(sentence.contains("the dealer does not deal"))
  }

  @Test func strangersAreNoDealers() async throws {
    let cluster = try AdditiveCluster()
    await #expect(throws: ServingError.self) { try await cluster.startDealer(as: try cluster.strangeDealer()) }
    #expect(throws: ServingError.self) { try StockPolicy(lowWater: 4, batch: 3) }
  }

  private static func tickets(in folder: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".sealed") }
  }
}

/// The last party's tickets on disk. Oracle: what was put there.
@Suite struct TicketShelfTests {
  private static func shelf(_ folder: String, _ key: StorageKey) throws -> TicketShelf {
    var shelf = try TicketShelf(
      folder: folder + "/stock", key: key, used: try UsedSteps(folder: folder + "/used"), party: 1)
    try shelf.begin("generation")
    try shelf.open("run a")
    return shelf
  }

  private static func path(_ folder: String, _ step: Int) -> String {
    "\(folder)/stock/generation/run-a/\(step).sealed"
  }

  /// A party that stops after a ticket was taken and before its run has ended never gives it again, even if its file is
  /// still there.
  @Test func aTicketIsGivenOnce() async throws {
    try await withFolder { folder in
      let key = StorageKey()
      var shelf = try Self.shelf(folder, key)
      for step in 0..<3 {
        try shelf.add([UInt8](repeating: UInt8(step), count: 1000), for: "run a", step: UInt32(step))
      }
      let file = try Data(contentsOf: URL(fileURLWithPath: Self.path(folder, 0)))
      #expect(file.count > 1000 && file.count(where: { $0 == 0 }) < 100)
      let first = try #require(try shelf.take("run a"))
      #expect(first.step == 0 && first.ticket == [UInt8](repeating: 0, count: 1000) && shelf.count(of: "run a") == 2)
      try file.write(to: URL(fileURLWithPath: Self.path(folder, 0)))

      var again = try Self.shelf(folder, key)
      #expect(again.count(of: "run a") == 2)
      let nextStep = try again.nextStep(of: "run a")
      #expect(nextStep == 3)
      let second = try #require(try again.take("run a"))
      #expect(second.step == 1 && second.ticket == [UInt8](repeating: 1, count: 1000))
      let used = try UsedSteps(folder: folder + "/used")
      #expect(throws: SharingError.stepUsed(program: "run a", step: 1)) { try used.use(1, of: "run a") }
      try used.use(2, of: "run a")
      try used.takeName("../model")
      let later = try UsedSteps(folder: folder + "/used")
      #expect(throws: ServingError.self) { try later.takeName("../model") }
    }
  }

  @Test func swappedAndChangedTicketsAreRefused() async throws {
    try await withFolder { folder in
      let key = StorageKey()
      var shelf = try Self.shelf(folder, key)
      for step in 0..<2 { try shelf.add([UInt8(step)], for: "run a", step: UInt32(step)) }
      let other = try Data(contentsOf: URL(fileURLWithPath: Self.path(folder, 1)))
      try other.write(to: URL(fileURLWithPath: Self.path(folder, 0)))
      #expect(throws: IdentityError.self) { try shelf.take("run a") }
    }
  }

  /// Tickets of other keys are of no use.
  @Test func anotherGenerationBeginsEmpty() async throws {
    try await withFolder { folder in
      var shelf = try Self.shelf(folder, StorageKey())
      try shelf.add([1], for: "run a", step: 0)
      try shelf.begin("another")
      try shelf.open("run a")
      #expect(try shelf.take("run a") == nil)
      #expect(!FileManager.default.fileExists(atPath: Self.path(folder, 0)))
    }
  }

  @Test func memoryKeepsTicketsToo() throws {
    var shelf = try TicketShelf(folder: nil, key: nil, used: try UsedSteps(folder: nil), party: 1)
    try shelf.add([7], for: "run a", step: 4)
    let found = try #require(try shelf.take("run a"))
    #expect(found.step == 4 && found.ticket == [7])
    #expect(try shelf.take("run a") == nil && shelf.nextStep(of: "run a") == 5)
  }
}
