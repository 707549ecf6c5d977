/// Keeps one watcher up to date until it goes, or nothing more is to come.
package struct EventStream<Source: DashboardSource>: Sendable {
  let source: Source
  let choice: String?
  let pace: EventPace

  package init(source: Source, choice: String?, pace: EventPace) {
    self.source = source
    self.choice = choice
    self.pace = pace
  }

  private enum WakeUp { case change, tick }

  /// Hands over events as they become due; returns when the source has no more changes.
  ///
  /// - Parameter write: takes one chunk; it waits where the watcher is slow, and changes of meanwhile become one.
  package func run(_ write: (String) async throws -> Void) async throws {
    let (wakeUps, waker) = AsyncStream.makeStream(of: WakeUp.self, bufferingPolicy: .bufferingNewest(1))
    // Watching begins before the first look, so that nothing falls between the two.
    let changes = source.changes()
    let watching = Task {
      for await _ in changes { waker.yield(.change) }
      waker.finish()
    }
    let ticking = Task {
      while (try? await Task.sleep(for: pace.tick)) != nil { waker.yield(.tick) }
    }
    defer {
      watching.cancel()
      ticking.cancel()
    }
    var feed = EventFeed(choice: choice)
    try await write(EventFrame.retry(milliseconds: 2000).text + Self.text(try await feed.news(from: source)))
    var quietTicks = 0
    for await wakeUp in wakeUps {
      if case .tick = wakeUp { quietTicks += 1 }
      var frames = try await feed.news(from: source)
      if frames.isEmpty, quietTicks >= pace.ticksOfSilence { frames = [.heartbeat] }
      guard !frames.isEmpty else { continue }
      quietTicks = 0
      try await write(Self.text(frames))
      try await Task.sleep(for: pace.rest)
    }
    try Task.checkCancellation()
    let last = try await feed.news(from: source)
    if !last.isEmpty { try await write(Self.text(last)) }
  }

  private static func text(_ frames: [EventFrame]) -> String { frames.map(\.text).joined() }
}

/// How often a watcher is served.
package struct EventPace: Sendable {
  /// Between two looks at what nobody announces, such as a worker's latency.
  package var tick = Duration.seconds(1)
  /// After each message: changes that come thick and fast are shown together.
  package var rest = Duration.milliseconds(100)
  /// After how many looks without news the watcher hears that the server is there.
  package var ticksOfSilence = 10

  package init() {}
}
