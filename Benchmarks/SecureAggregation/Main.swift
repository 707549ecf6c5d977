import Crypto
import Foundation
import SecureAggregation

/// One attempt in one process: what it takes of the server and of a client, without network.
///
///     AggregationBenchmark CLIENTS VALUES DROPOUTS complete|regular|active [CORRUPTED]
///
/// DROPOUTS (a part, such as 0.3) leave after they have shared secrets and before their masked input: the server's
/// dearest case. Prints one JSON object.
@main struct AggregationBenchmark {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    let words = Array(arguments)
    guard words.count >= 4, let clients = Int(words[0]), let values = Int(words[1]), let dropouts = Double(words[2]),
      let corrupted = Double(words.count > 4 ? words[4] : "0.1")
    else {
      print("usage: AggregationBenchmark CLIENTS VALUES DROPOUTS complete|regular|active [CORRUPTED]")
      exit(2)
    }
    let assumption = RegularGraph.Assumption(
      corrupted: corrupted, dropouts: dropouts, server: words[3] == "active" ? .active : .curious)
    let topology =
      words[3] == "complete"
      ? Topology.complete(threshold: Topology.smallestThreshold(clients: clients))
      : Topology.regular(try .smallest(clients: clients, under: assumption))
    let plan = try AggregationPlan(clientCount: clients, vectorLength: values, valueBits: 16, topology: topology)
    try Attempt(plan: plan, dropped: Int(dropouts * Double(clients) + 1e-6)).run().print()
  }
}
