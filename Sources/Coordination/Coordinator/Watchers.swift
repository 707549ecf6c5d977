import NIOConcurrencyHelpers

/// Those who wait for news; each hears all there is from when it began to watch.
final class Watchers<News: Sendable>: Sendable {
  private struct State {
    var watchers: [Int: @Sendable (News) -> Void] = [:]
    var next = 0
  }

  private let state = NIOLockedValueBox(State())

  /// - Parameters:
  ///   - limit: how many news are kept for a watcher that is slow; the oldest are dropped.
  ///   - first: what it hears at once.
  func news(keeping limit: Int, first: News? = nil) -> AsyncStream<News> {
    AsyncStream(bufferingPolicy: .bufferingNewest(limit)) { continuation in
      let number = takeNumber()
      add(number) { continuation.yield($0) }
      continuation.onTermination = { [weak self] _ in self?.remove(number) }
      if let first { continuation.yield(first) }
    }
  }

  /// News that are handed over together, for a watcher that looks now and then.
  ///
  /// - Parameters:
  ///   - limit: as of ``news(keeping:first:)``.
  ///   - concerns: whether a piece of news is for it.
  func batches(keeping limit: Int, where concerns: @escaping @Sendable (News) -> Bool) -> Batches<News> {
    let number = takeNumber()
    let batches = Batches<News>(limit: limit) { [weak self] in self?.remove(number) }
    add(number) { [weak batches] news in if concerns(news) { batches?.add(news) } }
    return batches
  }

  func tell(_ news: News) {
    for watcher in state.withLockedValue({ Array($0.watchers.values) }) { watcher(news) }
  }

  private func takeNumber() -> Int {
    state.withLockedValue { state in
      state.next += 1
      return state.next
    }
  }

  private func add(_ number: Int, _ watcher: @escaping @Sendable (News) -> Void) {
    state.withLockedValue { $0.watchers[number] = watcher }
  }

  private func remove(_ number: Int) { _ = state.withLockedValue { $0.watchers.removeValue(forKey: number) } }
}

extension Watchers<Void> {
  /// Waits until a condition holds, looking whenever there is news, or until the time is over; whether it holds.
  func wait(within patience: Duration, until condition: @escaping @Sendable () -> Bool) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        for await _ in self.news(keeping: 1, first: ()) where condition() { return true }
        return false
      }
      group.addTask {
        try? await Task.sleep(for: patience)
        return false
      }
      defer { group.cancelAll() }
      return await group.next() ?? false
    }
  }
}
