import Graphs
import Logging
import Sharing
import Tensors
import Transports

/// Keeps the last party's stock filled: has tickets dealt in the background, before runs need them.
actor StockKeeper {
  /// Runs that are about to come.
  struct Coming: Sendable {
    let computation: DealtComputation
    var count: Int
  }

  /// What is kept of one program.
  private struct Line {
    let computation: DealtComputation
    /// Fills until so many are on stock; 0 where nothing is to be done.
    var target = 0
    /// Runs that wait at this moment.
    var waiting = 0
    var failure: (any Error)?
    var dealingSeconds = 0.0
    var dealtCount = 0
    var largestTicket = 1
  }

  private var shelf: TicketShelf
  private let dealer: any DealerAccess
  private let policy: StockPolicy
  private let logger: Logger
  private var lines: [String: Line] = [:]
  /// Names the dealer's keys in this session.
  private var epoch: [UInt8] = []
  private var generation: String?
  private var watchers: [UInt64: CheckedContinuation<Void, Never>] = [:]
  private var lastWatcher: UInt64 = 0
  private var idle: CheckedContinuation<Void, Never>?

  init(shelf: TicketShelf, dealer: any DealerAccess, policy: StockPolicy, logger: Logger) {
    self.shelf = shelf
    self.dealer = dealer
    self.policy = policy
    self.logger = logger
  }

  /// Begins with the keys and memories of a new session: tickets of others are of no use any more.
  func begin(_ generation: String, epoch: [UInt8]) throws {
    self.epoch = epoch
    try shelf.begin(generation)
    lines = lines.filter { $0.value.computation.content.label.hasPrefix(generation) }
    self.generation = generation
    notifyAll()
  }

  /// What names the keys and memories of the session, once there is one.
  ///
  /// - Throws: ``ServingError/dealerFails(_:)`` where none is formed in time.
  func generation(within limit: Duration) async throws -> String {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while clock.now < end {
      if let generation { return generation }
      await news(within: end - clock.now)
    }
    throw ServingError.dealerFails("the parties have formed no session with it yet: see their logs")
  }

  // MARK: For runs

  /// Makes room for a program; what an earlier process had dealt is found again.
  func open(_ computation: DealtComputation) throws {
    guard lines[computation.program] == nil else { return }
    try shelf.open(computation.program)
    lines[computation.program] = Line(computation: computation)
  }

  func count(of program: String) -> Int { shelf.count(of: program) }

  /// What is on stock: the model's name, the batch and how many runs.
  var levels: [(model: String, batch: Int, runs: Int)] {
    lines.map { program, line in
      let content = line.computation.content
      let key = content.label.split(separator: " ").last ?? ""
      let input = content.graph.inputs.keys.first { !content.fixed.contains($0) }
      return (
        String(key.prefix { $0 != "@" }), input.flatMap { content.graph.shape(ofInput: $0)?[0] } ?? 1,
        shelf.count(of: program)
      )
    }
  }

  /// The ticket of the next run, if there is one; fills up where few are left.
  ///
  /// - Parameter hasWaited: whether the run has asked before, so that a dealer that has failed since is not asked again.
  func take(_ program: String, hasWaited: Bool) throws -> (step: UInt32, ticket: Message)? {
    let found = try shelf.take(program)
    if hasWaited, found == nil, let failure = lines[program]?.failure { throw failure }
    let left = shelf.count(of: program)
    if left < policy.lowWater || found == nil && lines[program]?.target == 0 { aim(at: policy.batch, program) }
    return found
  }

  /// How far the dealer is with what is wanted of a program.
  func progress(of program: String) -> DealerProgress {
    DealerProgress(ready: shelf.count(of: program), wanted: max(lines[program]?.target ?? 0, 1))
  }

  /// Asks for what is about to come, and for no more of it; as much of it as the stock has room for.
  func expect(_ coming: [Coming]) throws {
    for item in coming {
      try open(item.computation)
      let program = item.computation.program
      lines[program]?.target = 0
      aim(at: item.count, program)
    }
  }

  /// Asks for so many runs on stock; as many of them as the stock has room for.
  func expect(_ count: Int, of program: String) { aim(at: count, program) }

  /// Whether as many runs are on stock as were asked for.
  func isFilled(_ program: String) -> Bool { lines[program].map { $0.target == 0 && $0.failure == nil } ?? true }

  /// What dealing took for these programs.
  func dealingSeconds(of programs: [String]) -> Double {
    programs.reduce(0) { $0 + (lines[$1]?.dealingSeconds ?? 0) }
  }

  /// What dealing one run takes, on the average.
  func secondsPerRun(of program: String) -> Double {
    guard let line = lines[program] else { return 0 }
    return line.dealingSeconds / Double(max(line.dealtCount, 1))
  }

  /// Waits until something comes from the dealer for a run that has no ticket, at most for a while.
  ///
  /// - Throws: ``ServingError/dealerFails(_:)`` where the dealer has failed.
  func change(of program: String, within limit: Duration) async throws {
    lines[program]?.waiting += 1
    defer { lines[program]?.waiting -= 1 }
    try await pause(of: program, for: limit) { $0.shelf.count(of: program) > 0 }
  }

  /// Waits until the stock is filled, at most for a while.
  ///
  /// - Throws: ``ServingError/dealerFails(_:)`` where the dealer has failed.
  func pause(of program: String, for limit: Duration) async throws {
    try await pause(of: program, for: limit) { $0.isFilled(program) }
  }

  private func pause(
    of program: String, for limit: Duration, until isDone: (isolated StockKeeper) -> Bool
  ) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while !isDone(self), clock.now < end {
      if let failure = lines[program]?.failure { throw failure }
      await news(within: end - clock.now)
    }
  }

  /// Waits for word from the dealer.
  private func news(within limit: Duration) async {
    lastWatcher += 1
    let number = lastWatcher
    let alarm = Task {
      try? await Task.sleep(for: limit)
      self.notify(number)
    }
    defer { alarm.cancel() }
    await withCheckedContinuation { watchers[number] = $0 }
  }

  /// Forgets the tickets of programs that nobody will run again.
  func forget(where isGone: @Sendable (DealtComputation) -> Bool = { _ in true }) {
    for (program, line) in lines where isGone(line.computation) {
      lines[program] = nil
      shelf.remove(program)
    }
  }

  // MARK: In the background

  /// Fills the stock until the task is cancelled.
  func run() async {
    await withTaskCancellationHandler {
      while !Task.isCancelled {
        if let program = neediest {
          await fill(program)
        } else {
          await withCheckedContinuation { idle = $0 }
        }
      }
    } onCancel: {
      Task { await self.wakeUp() }
    }
  }

  private func fill(_ program: String) async {
    guard let line = lines[program] else { return }
    let clock = ContinuousClock()
    let start = clock.now
    do {
      let step = try shelf.nextStep(of: program)
      let ticket = try await dealer.ticket(of: line.computation, step: step, epoch: epoch)
      guard lines[program] != nil else { return }
      try shelf.add(ticket, for: program, step: step)
      note(ticket.count, seconds: (clock.now - start) / .seconds(1), program)
    } catch {
      guard !Task.isCancelled else { return }
      logger.warning("the dealer does not deal", metadata: ["reason": "\(error)"])
      lines[program]?.failure = error
      lines[program]?.target = 0
    }
    notifyAll()
  }

  private func note(_ byteCount: Int, seconds: Double, _ program: String) {
    guard var line = lines[program] else { return }
    line.failure = nil
    line.dealingSeconds += seconds
    line.dealtCount += 1
    line.largestTicket = max(line.largestTicket, byteCount)
    if shelf.count(of: program) >= min(line.target, room(line)) {
      logger.info("stock is filled", metadata: ["program": "\(program)", "runs": "\(shelf.count(of: program))"])
      line.target = 0
    }
    lines[program] = line
  }

  private func room(_ line: Line) -> Int { max(1, policy.mostBytes / line.largestTicket) }

  private func aim(at count: Int, _ program: String) {
    guard let line = lines[program] else { return }
    // A dealer that failed is asked again.
    lines[program]?.failure = nil
    if min(count, room(line)) > shelf.count(of: program) { lines[program]?.target = max(count, line.target) }
    wakeUp()
  }

  /// A program that wants tickets, one for which runs wait before all others.
  private var neediest: String? {
    let wanting = lines.filter { $0.value.target > 0 }
    return (wanting.first { $0.value.waiting > 0 && shelf.count(of: $0.key) == 0 } ?? wanting.first)?.key
  }

  private func wakeUp() {
    idle?.resume()
    idle = nil
  }

  private func notifyAll() { for number in watchers.keys { notify(number) } }

  private func notify(_ number: UInt64) { watchers.removeValue(forKey: number)?.resume() }
}
