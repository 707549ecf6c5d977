import NIOConcurrencyHelpers
import Transports

/// Servers of this process, by name, that can be taken away.
final class RunningServers: Sendable {
  private let running = NIOLockedValueBox<[String: (task: Task<Void, any Error>, loop: SocketLoop)]>([:])

  /// Starts a server on a loop of its own.
  func start(
    _ name: String, on loop: SocketLoop, _ run: @escaping @Sendable () async throws -> Void
  ) {
    let task = Task { try await run() }
    running.withLockedValue { $0[name] = (task, loop) }
  }

  /// Takes a server away, and returns when it is gone.
  func kill(_ name: String) async {
    let found = running.withLockedValue { $0.removeValue(forKey: name) }
    found?.task.cancel()
    _ = try? await found?.task.value
    found?.loop.shutdown()
  }

  func stop() {
    for (task, loop) in running.withLockedValue({ Array($0.values) }) {
      task.cancel()
      loop.shutdown()
    }
  }
}
