import Foundation
import SecureAggregation

/// What an attempt took.
struct Figures {
  let plan: AggregationPlan
  let dropped: Int
  var serverSeconds = 0.0
  var clientSeconds = 0.0
  private var endSeconds: [MessageKind: Double] = [:]
  private var received = 0
  private var sent = 0
  private var contributors = 0
  private var isExact = false

  init(plan: AggregationPlan, dropped: Int) {
    self.plan = plan
    self.dropped = dropped
  }

  mutating func count(received: Int, sent: Int) {
    self.received += received
    self.sent += sent
  }

  mutating func ended(_ stage: MessageKind, after seconds: Double) {
    serverSeconds += seconds
    endSeconds[stage] = seconds
  }

  /// The inputs are the clients' numbers modulo 1000, in every value.
  mutating func finished(_ result: AggregationResult) {
    contributors = result.contributors.count
    let sum = result.contributors.reduce(0 as UInt64) { $0 + ((UInt64($1.name.suffix(6)) ?? 0) - 100_000) % 1000 }
    isExact = result.sum.count == plan.vectorLength && result.sum.allSatisfy { $0 == sum }
  }

  func print() {
    var graph = "complete"
    var degree = plan.clientCount - 1
    if case .regular(let regular) = plan.topology {
      graph = regular.assumption.server == .active ? "regular, active" : "regular"
      degree = regular.degree
    }
    let clients = Double(plan.clientCount)
    let fields = [
      "\"clients\":\(plan.clientCount)", "\"values\":\(plan.vectorLength)", "\"dropped\":\(dropped)",
      "\"graph\":\"\(graph)\"", "\"neighbours\":\(degree)", "\"threshold\":\(plan.threshold)",
      "\"serverSeconds\":\(rounded(serverSeconds))",
      "\"unmaskingSeconds\":\(rounded(endSeconds[.unmasking] ?? 0))",
      "\"clientMilliseconds\":\(rounded(1000 * clientSeconds / clients))",
      "\"bytesSentPerClient\":\(sent / plan.clientCount)", "\"bytesReceivedPerClient\":\(received / plan.clientCount)",
      "\"contributors\":\(contributors)", "\"exact\":\(isExact)",
    ]
    Swift.print("{" + fields.joined(separator: ",") + "}")
  }

  private func rounded(_ number: Double) -> Double { (number * 1000).rounded() / 1000 }
}
