import NIOConcurrencyHelpers

/// News of which those that came since the last look are handed over together.
package final class Batches<News: Sendable>: Sendable {
  private let limit: Int
  private let waiting = NIOLockedValueBox([News]())
  private let signals: AsyncStream<Void>
  private let signal: AsyncStream<Void>.Continuation
  private let onEnd: @Sendable () -> Void

  /// - Parameters:
  ///   - limit: how many are kept; beyond it the older half is dropped.
  ///   - onEnd: called when nobody looks any more.
  package init(limit: Int, onEnd: @escaping @Sendable () -> Void) {
    self.limit = limit
    self.onEnd = onEnd
    (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  deinit { onEnd() }

  package func add(_ news: News) {
    waiting.withLockedValue { waiting in
      waiting.append(news)
      // Half at a time, since an array moves those that stay.
      if waiting.count > limit { waiting.removeFirst(waiting.count - (limit + 1) / 2) }
    }
    signal.yield()
  }

  /// What has come since the last call, in order, as soon as there is anything; nothing where the task is cancelled.
  package func next() async -> [News] {
    for await _ in signals {
      let news = waiting.withLockedValue { waiting in
        defer { waiting = [] }
        return waiting
      }
      if !news.isEmpty { return news }
    }
    return []
  }
}
