import Arithmetic
import Foundation
import ModelFiles
import NIOConcurrencyHelpers
import Serving
import Sharing
import Tensors
import TestSupport
import Testing

/// No pair of key and counter is used twice by a party that serves, restarts and concurrent clients included.
@Suite struct SessionDrawTests {
  @Test func servedQueriesNeverUseACounterTwice() async throws {
    let draws = NIOLockedValueBox<[SessionDraws.Draw]>([])
    let parts = SmallModels.perceptron(sigmoid: true)
    let model = try ModelFile(
      graph: parts.graph, weights: parts.weights, provenance: .init(creator: "test", dataset: "none", source: "none"))
    var random = PublicGenerator(state: (2, 0, 2, 6))
    let restarts = (0..<3).map { _ in Int.random(in: 0..<3, using: &random) }
    try await withFolder { folder in
      let cluster = try await StoredCluster(in: folder) { _ in
        var observer = PartyObserver()
        observer.draws = { draw in draws.withLockedValue { $0.append(draw) } }
        return observer
      }
      defer { cluster.stop() }
      let owner = try cluster.identity("owner")
      try await cluster.with(owner) { try await $0.share(model, named: "m", fractionBits: 16) }
      for victim in restarts {
        try await Self.askTogether(cluster, seed: victim)
        await cluster.kill(victim)
        try await cluster.start(victim)
      }
      try await Self.askTogether(cluster, seed: 0)
    }
    try Self.check(draws.withLockedValue { $0 }, sessions: restarts.count + 1)
  }

  /// Three clients at once, each with two queries of batches of their own.
  private static func askTogether(_ cluster: StoredCluster, seed: Int) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<3 {
        group.addTask {
          try await cluster.with(try cluster.identity("c\(number)")) { client in
            let card = try await client.card(of: "m")
            for query in 0..<2 {
              let batch = 1 + (seed + number + 3 * query) % 5
              _ = try await client.query(card, SmallModels.numbers([batch, 4], seed: seed + number))
            }
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// Oracle: ranges of one key's stream at one holder, sorted, do not overlap.
  private static func check(_ draws: [SessionDraws.Draw], sessions: Int) throws {
    struct Holder: Hashable {
      var key: [UInt8]
      var isFirst: Bool
    }
    let streams = Dictionary(grouping: draws.filter { !$0.blocks.isEmpty }) { Holder(key: $0.key, isFirst: $0.isFirst) }
    // Three keys a session, each with two holders; a party that was gone may have broken more than one.
    #expect(streams.count >= 6 * sessions && draws.count > 1000)
    for stream in streams.values {
      let sorted = stream.sorted { ($0.high, $0.blocks.lowerBound) < ($1.high, $1.blocks.lowerBound) }
      for (a, b) in zip(sorted, sorted.dropFirst()) where a.high == b.high {
        #expect(a.blocks.upperBound <= b.blocks.lowerBound)
      }
    }
  }
}
