import NIOConcurrencyHelpers
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A thread that runs a party's tasks and, while they wait, drives the sockets they wait for.
///
/// A round between parties costs two context switches less when the thread that computes is the one that reads the
/// socket. So the loop is a task executor: tasks run with ``run(_:)`` and their children stay on its thread. A task that
/// waits for a message first looks at its socket itself, for at most `spin`, yielding the core each time; when no task can
/// go on, the thread blocks until there is data, a job or a deadline. A loop runs until ``shutdown()``.
///
/// `@unchecked Sendable`: `state` is behind a lock; `sources`, `poller` and `waitsWithoutSpin` are touched by the
/// loop's own thread only (every access is in a function that that thread calls); everything else is constant.
public final class SocketLoop: TaskExecutor, @unchecked Sendable {
  private struct State {
    var jobs: [UnownedJob] = []
    var errands: [@Sendable () -> Void] = []
    var isAsleep = false
    var isStopping = false
    var hasStopped = false
  }

  public let name: String
  private let spinNanoseconds: UInt64
  private let state = NIOLockedValueBox(State())
  /// Whether jobs or errands wait; lets the spinning thread look without taking the lock.
  private let hasWork = Atomic(false)
  private let waker: Waker
  private var sources: [any PollSource] = []
  private var poller = Poller()
  /// How many waits will block at once, because spinning has proved dear.
  private var waitsWithoutSpin = 0

  /// Starts the thread. `spin` is how long a task looks for data before it is suspended; zero suits real networks.
  public init(name: String, spin: Duration = .microseconds(50)) {
    self.name = name
    spinNanoseconds = spin.nanoseconds
    waker = Waker()
    LoopThread.start(name: name) { self.main() }
  }

  /// Runs `body` on the loop's thread, with all child tasks, and returns what it returns.
  public func run<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
    try await withTaskExecutorPreference(self, operation: body)
  }

  /// Breaks every connection of the loop, lets its tasks run to their next wait, and ends the thread.
  public func shutdown() {
    state.withLockedValue { $0.isStopping = true }
    hasWork.store(true, ordering: .releasing)
    waker.wake()
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let (isAccepted, mustWake) = state.withLockedValue { state in
      guard !state.hasStopped else { return (false, false) }
      state.jobs.append(job)
      return (true, state.isAsleep)
    }
    // Tasks that outlive the loop end elsewhere: what they ask of its connections fails.
    guard isAccepted else { return globalConcurrentExecutor.enqueue(ExecutorJob(job)) }
    noteWork(mustWake: mustWake)
  }

  /// Has the loop's thread call `errand` soon; dropped after the loop has stopped.
  func post(_ errand: @escaping @Sendable () -> Void) {
    let mustWake = state.withLockedValue { state in
      guard !state.hasStopped else { return false }
      state.errands.append(errand)
      return state.isAsleep
    }
    noteWork(mustWake: mustWake)
  }

  private func noteWork(mustWake: Bool) {
    hasWork.store(true, ordering: .releasing)
    if mustWake { waker.wake() }
  }

  /// Whether the caller is on the loop's thread.
  var isCurrent: Bool { LoopThread.isCurrent(self) }

  /// Runs `body` on the loop's thread; free of cost where the caller is there already.
  func onThread<Value: Sendable>(
    _ body: @Sendable () async throws(ChannelError) -> Value
  ) async throws(ChannelError) -> Value {
    if isCurrent { return try await body() }
    return try await withTaskExecutorPreference(self) { () async throws(ChannelError) -> Value in
      guard isCurrent else { throw .closedHere }
      return try await body()
    }
  }

  // MARK: On the loop's thread

  func add(_ source: any PollSource) { sources.append(source) }

  func remove(_ source: any PollSource) { sources.removeAll { $0 === source } }

  private func main() {
    LoopThread.markCurrent(self)
    var jobs: [UnownedJob] = []
    var errands: [@Sendable () -> Void] = []
    var turns = 0
    while true {
      let isStopping = takeWork(&jobs, &errands)
      if jobs.isEmpty, errands.isEmpty {
        if isStopping {
          if finish() { return }
          continue
        }
        waitForWork()
        turns = 0
        continue
      }
      for errand in errands { errand() }
      for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
      errands.removeAll(keepingCapacity: true)
      jobs.removeAll(keepingCapacity: true)
      // Tasks that keep each other busy must not starve the sockets.
      turns += 1
      if turns % 64 == 0 { serveSockets(waitingAtMost: .zero) }
    }
  }

  private func takeWork(_ jobs: inout [UnownedJob], _ errands: inout [@Sendable () -> Void]) -> Bool {
    state.withLockedValue { state in
      hasWork.store(false, ordering: .relaxed)
      swap(&jobs, &state.jobs)
      swap(&errands, &state.errands)
      return state.isStopping
    }
  }

  /// Breaks what is still open; whether nothing is left to do.
  private func finish() -> Bool {
    for source in sources { source.loopStops() }
    return state.withLockedValue { state in
      state.hasStopped = state.jobs.isEmpty && state.errands.isEmpty && sources.isEmpty
      return state.hasStopped
    }
  }

  private func waitForWork() {
    let mayBlock = state.withLockedValue { state in
      state.isAsleep = state.jobs.isEmpty && state.errands.isEmpty && !state.isStopping
      return state.isAsleep
    }
    if mayBlock { serveSockets(waitingAtMost: nextDeadline.map { $0.remaining(from: .now) }) }
  }

  /// Lets the task that runs look for what it needs, until `look` has found it, other tasks can go on or the time for it
  /// is over.
  func spin(until look: () -> Bool) {
    guard spinNanoseconds > 0 else { return }
    guard waitsWithoutSpin == 0 else {
      waitsWithoutSpin -= 1
      return
    }
    let start = MonotonicTime.now.nanoseconds
    var now = start
    var turns = 0
    var isBusy = hasOutput
    while !hasWork.load(ordering: .acquiring), !look(), now < start + spinNanoseconds {
      turns += 1
      // What is on its way out must not wait for what is to come in; others may look less often.
      if isBusy || turns % 8 == 0 {
        serveSockets(waitingAtMost: .zero)
        isBusy = hasOutput
      }
      sched_yield()
      now = MonotonicTime.now.nanoseconds
    }
    // Who yields gives its time slice away, to another party for a moment or, on a crowded machine, to a stranger for all of
    // it; who has slept is woken at once.
    if now > start + 20 * spinNanoseconds { waitsWithoutSpin = 256 }
  }

  private var hasOutput: Bool { sources.contains { $0.interest & Poller.writable != 0 } }

  /// - Parameter limit: `nil` for ever.
  private func serveSockets(waitingAtMost limit: Duration?) {
    prepareToPoll()
    let hasSeen = poller.poll(waitingAtMost: limit)
    state.withLockedValue { $0.isAsleep = false }
    if hasSeen { serveReadySources() }
    expireLateWaits()
  }

  private var nextDeadline: MonotonicTime? {
    var earliest: MonotonicTime?
    for source in sources {
      guard let deadline = source.nextDeadline else { continue }
      earliest = min(earliest ?? deadline, deadline)
    }
    return earliest
  }

  private func expireLateWaits() {
    guard let deadline = nextDeadline else { return }
    let now = MonotonicTime.now
    guard deadline <= now else { return }
    for source in sources { source.expire(at: now) }
  }

  private func prepareToPoll() {
    poller.removeAll()
    poller.add(waker.descriptor, events: Poller.readable)
    for source in sources { poller.add(source.descriptor, events: source.interest) }
  }

  private func serveReadySources() {
    if poller.events(at: 0) != 0 { waker.drain() }
    // A source may remove itself or others: the list is walked as it was polled.
    for (index, source) in sources.enumerated() {
      let events = poller.events(at: index + 1)
      if events != 0 { source.ready(events) }
    }
  }
}
