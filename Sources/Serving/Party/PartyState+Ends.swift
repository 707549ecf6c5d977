import Sharing

/// How work ends that does not come to run.
extension PartyState {
  /// Drops what a caller who is gone has waiting. What the parties are agreeing on runs, and is counted, if they do agree.
  func abandon(_ caller: UInt64) {
    for id in queue.queries(of: caller) {
      if settling.contains(id) { abandoned.insert(id) } else { drop(id) }
    }
  }

  private func drop(_ id: String) {
    noteRefused(id)
    fail(id, ServingError.abandoned)
  }

  /// The parties have agreed, or will not: what did not come to run and whose client is gone is dropped.
  func endSettling() {
    settling = []
    for id in abandoned where queue[id] != nil { drop(id) }
    abandoned = []
  }

  /// Fails what a session that is gone has left half done; queries that had not begun wait for the next one.
  func breakOff(_ error: any Error) {
    shelf.releaseAll()
    endSettling()
    for id in clients.keys where queue[id] == nil {
      noteRefused(id)
      finish(id, .failure(error))
    }
    for id in Array(trainings.keys) + Array(aggregations.keys) { fail(id, error) }
  }

  /// While there is no session: answers queries that have waited for as long as their clients do.
  func failExpired(_ patience: Duration) async {
    while !Task.isCancelled {
      for id in queue.expired(after: patience) {
        noteRefused(id)
        fail(id, ServingError.sessionBroken(sessionFault ?? "it is being formed"))
      }
      try? await Task.sleep(for: .milliseconds(100))
    }
  }

  /// Fails all that waits or runs.
  func failAll(_ error: any Error) {
    queue.removeAll()
    shelf.releaseAll()
    endSettling()
    for id in clients.keys {
      // In the next session, a party that has only now got its share is told.
      noteRefused(id)
      finish(id, .failure(error))
    }
    for id in trainings.keys { finishTraining(id, error) }
    for id in aggregations.keys { finishAggregation(id, .failure(error)) }
  }
}
