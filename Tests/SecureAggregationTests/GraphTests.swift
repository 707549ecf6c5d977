import SecureAggregation
import Testing

@Suite struct GraphTests {
  /// Oracle: exact fractions in Python,
  /// `sum(comb(K, i) * comb(N - K, n - i) for i in range(x, min(K, n) + 1)) / comb(N, n)`; relative tolerance 10⁻⁹.
  @Test(arguments: [
    (50, 5, 10, 1, 0.6894372179954313), (499, 50, 76, 31, 4.270862959241171e-16),
    (499, 100, 118, 56, 1.5405736296127914e-15), (9999, 1000, 106, 43, 8.35100491353177e-17),
    (9999, 2000, 182, 86, 6.725047112211703e-17), (499, 150, 118, 63, 7.923420630194322e-10),
    (20, 15, 10, 4, 1), (99_999, 10_000, 120, 48, 4.969066107210689e-18),
  ]) func tailsAgainstPython(population: Int, marked: Int, drawn: Int, count: Int, expected: Double) {
    let tail = Hypergeometric(population: population, marked: marked, drawn: drawn).tail(atLeast: count)
    #expect(abs(tail - expected) <= 1e-9 * expected)
  }

  /// Oracle: the conditions of ``RegularGraph`` searched with exact fractions in Python.
  @Test(arguments: [
    (500, 0.1, 0.3, false, 76, 31), (500, 0.2, 0.3, false, 118, 56), (300, 0.05, 0.1, false, 34, 15),
    (500, 0.05, 0.1, true, 112, 83), (1000, 0.05, 0.05, true, 126, 103), (1000, 0.1, 0.3, false, 88, 36),
    (10_000, 0.1, 0.3, false, 106, 43), (10_000, 0.2, 0.3, false, 182, 86), (10_000, 0.05, 0.05, true, 172, 141),
  ]) func choiceAgainstPython(
    clients: Int, corrupted: Double, dropouts: Double, active: Bool, degree: Int, threshold: Int
  ) throws {
    let assumption = RegularGraph.Assumption(
      corrupted: corrupted, dropouts: dropouts, server: active ? .active : .curious)
    let graph = try RegularGraph.smallest(clients: clients, under: assumption)
    #expect(graph.degree == degree && graph.threshold == threshold)
  }

  @Test func weakGraphsAreRefused() throws {
    let assumption = RegularGraph.Assumption(corrupted: 0.1, dropouts: 0.3)
    for (degree, threshold) in [(76, 30), (76, 32), (74, 31), (75, 31), (0, 1), (500, 31), (76, 77), (20, 19)] {
      #expect(throws: SecureAggregationError.self, "\(degree), \(threshold)") {
        try RegularGraph(clientCount: 500, degree: degree, threshold: threshold, assumption: assumption)
      }
    }
    for (corrupted, dropouts) in [(0.5, 0.5), (-0.1, 0), (0.33, 0.6), (.nan, 0)] {
      #expect(throws: SecureAggregationError.self) {
        try RegularGraph.smallest(clients: 500, under: .init(corrupted: corrupted, dropouts: dropouts))
      }
    }
  }

  @Test func graphsAreRegularSymmetricAndDrawn() throws {
    let parameters = try RegularGraph.smallest(clients: 300, under: .init(corrupted: 0.05, dropouts: 0.1))
    let graphs = (0..<2).map { seed in
      NeighbourGraph(clientCount: 300, topology: .regular(parameters), seed: .init(repeating: seed, count: 32))
    }
    for graph in graphs {
      let neighbours = (0..<300).map { graph.neighbours(of: $0) }
      for (client, near) in neighbours.enumerated() {
        #expect(near.count == parameters.degree && near == near.sorted() && !near.contains(client))
        #expect(near.allSatisfy { neighbours[$0].contains(client) })
      }
    }
    #expect(graphs[0].neighbours(of: 0) != graphs[1].neighbours(of: 0))
  }

  @Test func recommendation() throws {
    #expect(try Topology.recommended(clients: 200) == .complete(threshold: 134))
    guard case .regular(let graph) = try Topology.recommended(clients: 500) else {
      Issue.record("500 clients share secrets with everyone")
      return
    }
    #expect(graph.degree == 76)
  }
}
