import Transports

extension ClusterClient {
  /// Sends one request to each party and yields all replies as they come, from each party until its last.
  ///
  /// Where parties refuse, all of them are heard for a moment: one that hangs says nothing, and the others blame it or each
  /// other, who have given up one after the other.
  func stream(
    _ requests: [ServingFrame<Request>], until isLast: @escaping @Sendable (Reply) -> Bool
  ) async throws -> AsyncThrowingStream<(party: Int, frame: ServingFrame<Reply>), any Error> {
    let messages = try requests.map { try $0.message }
    let (stream, continuation) = AsyncThrowingStream.makeStream(of: (party: Int, frame: ServingFrame<Reply>).self)
    let task = Task { [connections, loop, newsPatience] in
      do {
        try await loop.run {
          for (connection, message) in zip(connections, messages) { try await connection.send(message) }
          let endings = await withTaskGroup(of: Endings.News.self) { group in
            for (party, connection) in connections.enumerated() {
              group.addTask {
                do {
                  while true {
                    let frame = try ServingFrame<Reply>(try await connection.receive(within: newsPatience))
                    if case .refused(let reason, let exitCode) = frame.control {
                      return .refused(party, reason: reason, exitCode: exitCode)
                    }
                    if case .declined(let other) = frame.control {
                      return .broken(party, ServingError.declined(by: other))
                    }
                    continuation.yield((party, frame))
                    if isLast(frame.control) { return .finished(party) }
                  }
                } catch { return .broken(party, error) }
              }
            }
            var endings = Endings(partyCount: connections.count)
            while let news = await group.next() {
              if endings.take(news) {
                group.addTask {
                  try? await Task.sleep(for: Endings.moment)
                  return .momentIsOver
                }
              }
              if endings.areComplete { break }
            }
            group.cancelAll()
            return endings
          }
          if let error = endings.error { throw error }
        }
        continuation.finish()
      } catch {
        continuation.finish(throwing: error)
      }
    }
    continuation.onTermination = { _ in task.cancel() }
    return stream
  }
}

/// How the parties' parts in one piece of work ended.
private struct Endings {
  enum News: Sendable {
    case finished(Int)
    case refused(Int, reason: String, exitCode: Int)
    case broken(Int, any Error)
    /// Who has not been heard since the first trouble will not be.
    case momentIsOver
  }

  static let moment = Duration.seconds(1)

  private var silent: Set<Int>
  private var refusal: ServingError?
  private var broken: (any Error)?
  private var isOver = false

  init(partyCount: Int) { silent = Set(0..<partyCount) }

  var areComplete: Bool { silent.isEmpty || isOver }

  /// Whether this is the first trouble.
  mutating func take(_ news: News) -> Bool {
    let isFirst = refusal == nil && broken == nil
    switch news {
    case .momentIsOver: isOver = true
    case .finished(let party): silent.remove(party)
    case .refused(let party, let reason, let exitCode):
      silent.remove(party)
      if refusal == nil || exitCode == ServingError.integrityExitCode && !hasFoundCheater {
        refusal = .refused(party: party, reason: reason, exitCode: exitCode)
      }
      return isFirst
    case .broken(let party, let error):
      silent.remove(party)
      broken = broken ?? error
      return isFirst
    }
    return false
  }

  private var hasFoundCheater: Bool { refusal?.exitCode == ServingError.integrityExitCode }

  /// What to tell: who has found a cheater knows most; a connection that broke names its party; then comes a party that
  /// hangs; then what parties say.
  var error: (any Error)? {
    if hasFoundCheater { return refusal }
    if let broken { return broken }
    guard let refusal else { return nil }
    if let party = silent.min(), refusal.exitCode == 3 { return ServingError.partySilent(party, others: "\(refusal)") }
    return refusal
  }
}
