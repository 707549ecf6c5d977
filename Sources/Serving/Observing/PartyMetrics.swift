import CoreMetrics
import Sharing

/// What a party counts of its work, by the names in docs/SERVING.md.
struct PartyMetrics: Sendable {
  private let factory: any MetricsFactory

  init(_ factory: any MetricsFactory) { self.factory = factory }

  /// How a query ended.
  enum Outcome: String, Sendable {
    case answered
    /// It could not be read, or was not one of the model.
    case invalid
    /// A peer or the network.
    case failed
    /// The model's terms.
    case refused
    /// Another party refuses.
    case declined
    /// Damaged or contradicting parties.
    case untrusted
    case abandoned

    init(_ result: Result<QueryAnswer, any Error>) {
      guard case .failure(let error) = result else {
        self = .answered
        return
      }
      switch error as? ServingError {
      case .abandoned: self = .abandoned
      case .declined: self = .declined
      case let error?: self = [2: .invalid, 4: .refused, 5: .untrusted][error.exitCode] ?? .failed
      case nil: self = .failed
      }
    }
  }

  // MARK: Queries and runs

  func note(_ outcome: Outcome, model: String, seconds: Double) {
    add(1, "tacit_queries_total", [("model", model), ("outcome", outcome.rawValue)])
    guard outcome == .answered else { return }
    factory.makeTimer(label: "tacit_query_seconds", dimensions: [("model", model)])
      .recordNanoseconds(Int64(seconds * 1e9))
  }

  /// A query that was refused before it was taken in.
  func noteRefusal(_ error: any Error, model: String?) {
    let outcome = Outcome(.failure(error))
    add(1, "tacit_queries_total", [("model", model ?? ""), ("outcome", outcome.rawValue)])
  }

  func noteRun(of queries: [PendingQuery], _ answers: [QueryAnswer]) {
    record(queries.count, "tacit_run_queries")
    record(queries.reduce(0) { $0 + $1.batch }, "tacit_run_examples")
    factory.makeTimer(label: "tacit_run_seconds", dimensions: [])
      .recordNanoseconds(Int64((answers.map(\.seconds).max() ?? 0) * 1e9))
    add(answers.map(\.traffic.rounds).max() ?? 0, "tacit_rounds_total")
    add(answers.reduce(0) { $0 + $1.traffic.byteCount }, "tacit_sent_bytes_total")
    add(answers.reduce(0) { $0 + $1.traffic.dealtByteCount }, "tacit_dealt_bytes_total")
  }

  // MARK: Connections and sessions

  func noteRefusedHandshake() { add(1, "tacit_refused_handshakes_total") }
  func noteConnection() { add(1, "tacit_connections_total") }
  func noteCrowd() { add(1, "tacit_refused_connections_total") }

  func noteSession(isThere: Bool) {
    set(isThere ? 1 : 0, "tacit_session")
    add(1, isThere ? "tacit_sessions_total" : "tacit_session_breaks_total")
  }

  // MARK: As it is now

  func set(_ value: Int, _ label: String, _ dimensions: [(String, String)] = []) {
    factory.makeMeter(label: label, dimensions: dimensions).set(Int64(value))
  }

  /// Takes a figure of something that is no more out.
  func remove(_ label: String, _ dimensions: [(String, String)]) {
    factory.destroyMeter(factory.makeMeter(label: label, dimensions: dimensions))
  }

  private func add(_ value: Int, _ label: String, _ dimensions: [(String, String)] = []) {
    factory.makeCounter(label: label, dimensions: dimensions).increment(by: Int64(value))
  }

  private func record(_ value: Int, _ label: String) {
    factory.makeRecorder(label: label, dimensions: [], aggregate: true).record(Int64(value))
  }

  static let descriptions = [
    "tacit_queries_total": "Queries by model and how they ended.",
    "tacit_query_seconds": "From a query's arrival at this party to its part of the answer.",
    "tacit_run_queries": "Queries that ran as one.",
    "tacit_run_examples": "Examples that ran as one.",
    "tacit_run_seconds": "What the parties' computation took.",
    "tacit_rounds_total": "Rounds of messages among the parties.",
    "tacit_sent_bytes_total": "Bytes that this party has sent to the others in runs.",
    "tacit_dealt_bytes_total": "Bytes that the dealer has sent to this party.",
    "tacit_requests_left": "Requests that a model answers before its limit for all clients is reached.",
    "tacit_queue_length": "Requests that wait.",
    "tacit_models": "Models, by whether they are served.",
    "tacit_stock_runs": "Runs for which there is correlated randomness on stock, by model and batch.",
    "tacit_connections": "Connections of clients.",
    "tacit_connections_total": "Connections of clients that were taken in.",
    "tacit_refused_handshakes_total": "Connections that did not get beyond their handshake.",
    "tacit_refused_connections_total": "Connections that were refused because there were too many.",
    "tacit_session": "Whether there is a session with the other parties.",
    "tacit_sessions_total": "Sessions with the other parties that were formed.",
    "tacit_session_breaks_total": "Sessions that broke, and attempts to form one that failed.",
  ]
}
