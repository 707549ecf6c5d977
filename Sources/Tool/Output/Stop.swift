import Foundation

/// Serving until the word to stop.
enum Stop {
  /// Serves until a server ends by itself or the word to stop comes, and ends the process: what a server must not forget is on
  /// disk, and waiting for peers that hang would keep it alive.
  ///
  /// - Parameter farewell: how long a server may take to tell others that it goes, where that is any use to them.
  static func serve(
    untilInputEnds: Bool, farewell: Duration = .zero, _ run: @escaping @Sendable () async throws -> Void
  ) async {
    let task = Task {
      do { try await run() } catch { Foundation.exit(Failure.report(error)) }
      Foundation.exit(0)
    }
    await wait(untilInputEnds: untilInputEnds)
    if farewell > .zero {
      task.cancel()
      try? await Task.sleep(for: farewell)
    }
    Foundation.exit(0)
  }

  /// Returns on SIGTERM or SIGINT, or when standard input ends, if asked for.
  private static func wait(untilInputEnds: Bool) async {
    let (stream, entry) = AsyncStream.makeStream(of: Void.self)
    let queue = DispatchQueue(label: "tacit.stop")
    let sources = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { entry.yield() }
      source.resume()
      return source
    }
    if untilInputEnds {
      Thread.detachNewThread {
        var byte: UInt8 = 0
        while read(STDIN_FILENO, &byte, 1) > 0 {}
        entry.yield()
      }
    }
    for await _ in stream { break }
    for source in sources { source.cancel() }
  }
}
