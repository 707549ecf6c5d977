import Sharing
import Transports

/// How the parties come to run the same work.
extension PartyState {
  /// How long a party waits for a share that another party has, once for each client: the parties stand still meanwhile.
  static let grace = Duration.milliseconds(20)

  /// At party 0: what to run next, reserved; `nil` where nothing comes in time.
  ///
  /// Queries that wait for the same model go together, if its examples do not depend on each other.
  func propose(within limit: Duration, window: Duration, patience: Duration) async -> RunProposal? {
    let end = ContinuousClock.now + limit
    while !Task.isCancelled {
      failLate(patience)
      if queue.eligible().isEmpty, !hasUntold {
        let now = ContinuousClock.now
        guard now < end, !doubtsSession else {
          doubtsSession = false
          return nil
        }
        let next = [queue.nextTime, end].compactMap { $0 }.min() ?? end
        await news(within: max(next - now, .microseconds(100)))
        continue
      }
      // Who asks alone does not wait; where many ask, those who have just been answered are about to ask again.
      if window > .zero, max(lastCrowd, queue.eligible().count) > 1 { try? await Task.sleep(for: window) }
      let reserved = reserve(queue.eligible())
      lastCrowd = reserved.count
      let entries = reserved + tellRefusals()
      if !entries.isEmpty { return RunProposal(entries) }
    }
    return nil
  }

  /// What goes into one run; what may not run any more is refused.
  private func reserve(_ waiting: [(work: PendingWork, attempts: Int)]) -> [RunProposal.Entry] {
    var entries: [RunProposal.Entry] = []
    var batch = MergedBatch()
    let known = answered(among: waiting.map(\.work.id))
    for (work, attempts) in waiting where entries.count < RunProposal.mostEntries {
      guard case .query(let query) = work else {
        return entries.isEmpty ? [work.entry(mayWait: attempts == 0)] : entries
      }
      guard batch.add(query) else { continue }
      do {
        if known.contains(query.id) { throw Self.replay(of: query.id) }
        try shelf.hold(query)
        settling.insert(query.id)
        entries.append(work.entry(mayWait: attempts == 0 && !lateClients.contains(query.client)))
      } catch {
        noteRefused(query.id)
        fail(query.id, error)
      }
    }
    return entries
  }

  /// Which of these were answered before; all, where the party cannot tell.
  private func answered(among ids: [String]) -> Set<String> { (try? shelf.answered(among: ids)) ?? Set(ids) }

  private static func replay(of id: String) -> ServingError {
    .policy("query \(id) was answered before: a query is asked once")
  }

  /// Gives up what lacks a share at some other party for too long.
  private func failLate(_ patience: Duration) {
    for id in queue.older(than: patience) where queue.attempts(of: id) > 0 {
      if case .query = queue[id] { noteRefused(id) }
      fail(id, ServingError.queryMissing(id: id))
    }
  }

  /// At the other parties: what party 0 has not proposed for so long that it cannot have its share.
  func failUnproposed(_ patience: Duration) {
    let now = ContinuousClock.now
    if let longRunEnd, now - longRunEnd < patience { return }
    for id in queue.older(than: patience) { fail(id, ServingError.queryMissing(id: id)) }
  }

  /// What this party says to a proposal; what it is ready for is reserved.
  func judge(_ proposal: RunProposal) async -> [RunProposal.Verdict] {
    let end = ContinuousClock.now + Self.grace
    while !Task.isCancelled,
      proposal.entries.contains(where: { $0.mayWait && queue[$0.id] == nil && !wasRefused($0.id) })
    {
      let now = ContinuousClock.now
      guard now < end else { break }
      await news(within: end - now)
    }
    let known = answered(among: proposal.entries.filter { $0.kind == .query || $0.kind == .refusal }.map(\.id))
    return proposal.entries.map { verdict($0, isKnown: known.contains($0.id)) }
  }

  private func verdict(_ entry: RunProposal.Entry, isKnown: Bool) -> RunProposal.Verdict {
    if entry.kind == .refusal, !isKnown || queue[entry.id] == nil {
      noteRefused(entry.id)
      fail(entry.id, ServingError.declined(by: 0))
      return .refused
    }
    guard let work = queue[entry.id] else { return wasRefused(entry.id) ? .refused : .missing }
    do {
      if isKnown { throw Self.replay(of: entry.id) }
      guard work.entry(mayWait: entry.mayWait) == entry else {
        throw ServingError.badRequest(
          "the parties were asked for different things, or hold different models of one name: share the model again")
      }
      if case .query(let query) = work {
        try shelf.hold(query)
        settling.insert(query.id)
      }
      return .ready
    } catch {
      fail(entry.id, error)
      return .refused
    }
  }

  /// What all parties are ready for; the rest is let go, put off or refused.
  ///
  /// - Parameters:
  ///   - own: what this party said.
  ///   - others: what each other party said.
  func settle(
    _ proposal: RunProposal, own: [RunProposal.Verdict], others: [PartyID: [RunProposal.Verdict]], isLeader: Bool
  ) -> [PendingWork] {
    defer { endSettling() }
    return proposal.entries.indices.compactMap { index in
      let entry = proposal.entries[index]
      guard entry.kind != .refusal else { return nil }
      let all = others.values.map { $0[index] } + [own[index]]
      if all.allSatisfy({ $0 == .ready }) { return queue.remove(entry.id) }
      if own[index] == .ready, case .query(let query) = queue[entry.id] { shelf.release(query) }
      if let party = others.filter({ $0.value[index] == .refused }).keys.min() {
        // A party whose share comes only now is told.
        if isLeader { noteRefused(entry.id) }
        fail(entry.id, ServingError.declined(by: party))
      } else if isLeader {
        if entry.mayWait, case .query(let query) = queue[entry.id] { note(late: query.client) }
        queue.postpone(entry.id)
      }
      return nil
    }
  }

  private func note(late client: CallerID) {
    if lateClients.count >= WorkQueue.most { lateClients = [] }
    lateClients.insert(client)
  }

  /// Tells that a run is over, which may have kept others waiting.
  func noteRun(from start: ContinuousClock.Instant) {
    if ContinuousClock.now - start > .seconds(1) { longRunEnd = .now }
  }
}
