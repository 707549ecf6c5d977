/// What one watcher has been shown, and so what is new to it.
///
/// It compares what is with what was sent, so that a watcher who is slow or was away misses nothing but moments between.
package struct EventFeed {
  /// The job that the watcher chose; without one, or where it is gone, the current job is shown.
  package let choice: String?
  private var jobs: [JobView]?
  private var workers: [WorkerView]?
  private var job: String?
  private var round = Int.min
  private var isInTrouble = false

  package init(choice: String?) { self.choice = choice }

  /// Rounds of one job, as an event has them.
  private struct Rounds: Encodable {
    let job: String
    /// Whether they are the first ones, and take the place of whatever the page has.
    let isBeginning: Bool
    let rounds: [RoundView]
  }

  /// Events for all that changed since the last call; none where nothing did.
  package mutating func news(from source: some DashboardSource) async throws -> [EventFrame] {
    do {
      let frames = try await changes(of: source)
      isInTrouble = false
      return frames
    } catch let error as CancellationError {
      throw error
    } catch {
      if isInTrouble { return [] }
      isInTrouble = true
      (jobs, job) = (nil, nil)
      return [EventFrame(.trouble, "The coordinator cannot read its state; its log says why.")]
    }
  }

  private mutating func changes(of source: some DashboardSource) async throws -> [EventFrame] {
    var frames: [EventFrame] = []
    let present = try await source.jobs()
    let chosen = present.first { $0.id == choice } ?? JobView.current(among: present)
    let shown = chosen?.id
    // Rounds are read after the jobs: a job that is done by then has all of them.
    let rounds = try await newRounds(of: shown, from: source)
    if present != jobs { frames.append(EventFrame(.jobs, try ViewCoding.json(present))) }
    jobs = present
    if let rounds { frames.append(EventFrame(.rounds, try ViewCoding.json(rounds))) }
    let staff = await source.workers()
    if staff != workers { frames.append(EventFrame(.workers, try ViewCoding.json(staff))) }
    workers = staff
    return frames
  }

  private mutating func newRounds(of shown: String?, from source: some DashboardSource) async throws -> Rounds? {
    guard let shown else { return nil }
    let isBeginning = shown != job
    let new = try await source.rounds(of: shown, after: isBeginning ? Int.min : round)
    guard isBeginning || !new.isEmpty else { return nil }
    job = shown
    round = new.last?.round ?? Int.min
    return Rounds(job: shown, isBeginning: isBeginning, rounds: new)
  }
}
