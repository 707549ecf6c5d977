public import CoreMetrics
import Foundation
public import Logging
package import Sharing
public import Tracing
package import Transports

/// Where a party tells what it does: metrics, logs and spans. Never who asked, and never what.
public struct PartyObserver: Sendable {
  let metrics: PartyMetrics
  let tracer: any Tracer
  private let logger: Logger
  /// Hears of the words that sessions take from their keys, in tests.
  package var draws: SessionDraws.Observer?
  /// What a session sends through, in tests of parties that cheat.
  package var wrapping: (@Sendable (any Channel) -> any Channel)?

  /// - Parameters:
  ///   - metrics: nowhere, if it is not given.
  ///   - tracer: the process's, if it is not given.
  public init(metrics: (any MetricsFactory)? = nil, tracer: (any Tracer)? = nil, logger: Logger? = nil) {
    self.metrics = PartyMetrics(metrics ?? NOOPMetricsHandler.instance)
    self.tracer = tracer ?? InstrumentationSystem.tracer
    self.logger = logger ?? Logger(label: "tacit.party") { _ in SwiftLogNoOpLogHandler() }
  }

  /// A query from its arrival at a party to its end.
  struct Query: Sendable {
    let model: String
    let arrival: ContinuousClock.Instant
    let span: any Span
  }

  func begin(_ query: PendingQuery) -> Query {
    let context = TraceCarrier.context(in: query.trace, by: tracer)
    let span = tracer.startSpan("tacit.party.query", context: context, ofKind: .server)
    span.updateAttributes { $0["tacit.query"] = query.id }
    return Query(model: query.model.name, arrival: .now, span: span)
  }

  func end(_ query: Query, id: String, _ result: Result<QueryAnswer, any Error>) {
    let outcome = PartyMetrics.Outcome(result)
    let seconds = (ContinuousClock.now - query.arrival) / .seconds(1)
    metrics.note(outcome, model: query.model, seconds: seconds)
    if case .failure(let error) = result { query.span.recordError(error) }
    query.span.end()
    logger.debug(
      "query ended",
      metadata: [
        "query": "\(id)", "model": "\(query.model)", "outcome": "\(outcome.rawValue)",
        "milliseconds": "\((seconds * 1e5).rounded() / 100)",
      ])
  }

  /// The span of a run, within that of its first query; it is linked to those of the others.
  func beginRun(of queries: [Query]) -> any Span {
    let span = tracer.startSpan(
      "tacit.party.run", context: queries.first?.span.context ?? .topLevel, ofKind: .internal)
    for query in queries.dropFirst() { span.addLink(SpanLink(context: query.span.context, attributes: [:])) }
    return span
  }
}
