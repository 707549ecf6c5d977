import CoreMetrics
import Logging
import Tacit

/// The flag `--metrics` of servers.
enum Monitor {
  /// Serves a party's metrics; nothing where no address is given.
  static func start(
    at address: String?, for server: PartyServer, registry: MetricsRegistry, _ logger: Logger
  ) async throws -> MonitorServer? {
    try await start(
      at: address, registry: registry,
      source: .init(update: { await server.updateMetrics() }, fault: { await server.fault }), logger)
  }

  /// Serves a coordinator's metrics, which show its jobs and workers by their states; nothing where no address is given.
  static func start(at address: String?, for coordinator: Coordinator, _ logger: Logger) async throws -> MonitorServer?
  {
    let registry = MetricsRegistry(descriptions: [
      "tacit_jobs": "Jobs by their state.", "tacit_workers": "Workers by what they do.",
    ])
    let source = CoordinatorSource(coordinator)
    return try await start(
      at: address, registry: registry,
      source: .init(
        update: {
          let jobs = Dictionary(grouping: (try? source.jobs()) ?? [], by: \.state)
          for state in [JobView.State.waiting, .running, .done, .failed, .stopped] {
            registry.show(jobs[state]?.count ?? 0, as: "tacit_jobs", [("state", state.rawValue)])
          }
          let workers = Dictionary(grouping: source.workers(), by: \.state)
          for state in [WorkerView.State.idle, .busy, .offline] {
            registry.show(workers[state]?.count ?? 0, as: "tacit_workers", [("state", state.rawValue)])
          }
        }, fault: { nil }), logger)
  }

  private static func start(
    at address: String?, registry: MetricsRegistry, source: MonitorServer.Source, _ logger: Logger
  ) async throws -> MonitorServer? {
    guard let address else { return nil }
    let server = try await MonitorServer.start(
      at: address, registry: registry, version: TacitVersion.current, source: source, logger: logger)
    logger.info("metrics are served", metadata: ["port": "\(server.port)"])
    return server
  }
}
