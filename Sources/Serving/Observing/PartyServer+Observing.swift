import Identity
import Sharing

extension PartyServer {
  /// What the metrics of a party mean, by their names.
  public static var metricDescriptions: [String: String] { PartyMetrics.descriptions }

  /// Why the party cannot answer queries, if it cannot: it has no session with the others, or cannot use a model's file.
  public var fault: String? {
    get async { await state.fault }
  }

  /// Sets the figures that are not kept up by themselves: what is on stock and left, what waits, who is connected.
  public func updateMetrics() async {
    state.observer.metrics.set(callers.count, "tacit_connections")
    await state.updateMetrics()
    guard let keeper = dealing?.keeper else { return }
    for (model, batch, runs) in await keeper.levels {
      state.observer.metrics.set(runs, "tacit_stock_runs", [("model", model), ("batch", "\(batch)")])
    }
  }
}

extension PartyState {
  var fault: String? {
    if let sessionFault { return "it has no session with the other parties: \(sessionFault)" }
    return shelf.faultyModels.min { $0.key < $1.key }.map { "the model \"\($0.key)\" is not served: \($0.value)" }
  }

  func updateMetrics() {
    let metrics = observer.metrics
    let left = shelf.requestsLeft
    metrics.set(sessionFault == nil ? 1 : 0, "tacit_session")
    metrics.set(queue.count, "tacit_queue_length")
    metrics.set(left.count, "tacit_models", [("state", "served")])
    metrics.set(shelf.faultyModels.count, "tacit_models", [("state", "faulty")])
    for (model, count) in left { if let count { metrics.set(count, "tacit_requests_left", [("model", model)]) } }
    for model in shownModels where left[model] == nil { metrics.remove("tacit_requests_left", [("model", model)]) }
    shownModels = Set(left.keys)
  }
}
