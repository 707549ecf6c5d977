import Graphs
import Sharing
import Tensors
import Transports

/// One party of a measurement: runs programs on shares in step with the others, and lets party 0 know how long it took.
///
/// Party 0 plays the owner of all inputs as well.
struct MeasuringParty<Session: MeasuringSession> {
  typealias Scheme = Session.Scheme

  let channel: any Channel
  var session: Session
  private var scheme: Scheme { session.scheme }
  var costs: any CostModel { session.costs }

  init(_ session: Session, over channel: any Channel) {
    self.channel = channel
    self.session = session
  }

  /// What all runs of a program took.
  struct Result {
    /// At the slowest party, by run.
    var seconds: [Double]
    var traffic: Cost
    /// What the dealer takes for one run.
    var offlineSeconds: Double
    var maxAbsoluteError: Double
  }

  /// Runs a program again and again for about `patience`; `nil` at all parties but party 0.
  ///
  /// - Throws: ``SharingError/trafficDiffers(planned:measured:)`` where a run sent anything else than the plan says.
  mutating func measure(_ program: WorkloadProgram, for patience: Duration) async throws -> Result? {
    let bounds = try ValueBounds(program)
    let engine = SecureEngine(
      scheme, fractionBits: program.fractionBits, widths: bounds.widths, magnitudes: bounds.magnitudes)
    let inputs = try await session.begin(program)
    var seconds: [Double] = []
    var spent = Cost.none
    var wanted = 1
    var outputs: [Scheme.Share] = []
    while seconds.count < wanted {
      try await session.beginRun()
      try await meet()
      let before = session.traffic
      let clock = ContinuousClock()
      let start = clock.now
      outputs = try await engine.run(program.graph, inputs: inputs, numbers: program.numbers)
      try await session.endRun()
      seconds.append((clock.now - start) / .seconds(1))
      spent = session.traffic - before
      if seconds.count == 1 {
        let count = Int(patience / .seconds(max(seconds[0], 1e-4)))
        wanted = try await agree(1 + max(3, min(400, count)))
        session.expect(runs: wanted - 1)
      }
    }
    let opened = try await session.open(outputs)
    let all = try await gather(Array(seconds.dropFirst()), spent)
    guard channel.party == 0 else { return nil }
    let planned = try await plan(program, bounds)
    guard planned == all.traffic else { throw SharingError.trafficDiffers(planned: planned, measured: all.traffic) }
    return Result(
      seconds: all.seconds, traffic: all.traffic, offlineSeconds: all.offlineSeconds,
      maxAbsoluteError: try Self.error(of: opened, program))
  }

  private func plan(_ program: WorkloadProgram, _ bounds: ValueBounds) async throws -> Cost {
    let metered = MeteredScheme(costs)
    let inputs = Dictionary(
      uniqueKeysWithValues: program.graph.inputs.map { name, node in
        (name, metered.share(of: program.graph.nodes[node].shape, isFixed: program.fixed.contains(name)))
      })
    let engine = SecureEngine(metered, fractionBits: program.fractionBits, widths: bounds.widths)
    _ = try await engine.run(program.graph, inputs: inputs, numbers: program.numbers)
    return metered.traffic + costs.checking
  }

  private static func error(of outputs: [RingTensor], _ program: WorkloadProgram) throws -> Double {
    let plain = try program.plainOutputs()
    var largest = Float(0)
    for (secret, plain) in zip(outputs, plain) {
      let values = FixedTensor(ring: secret, fractionBits: program.fractionBits).decoded().scalars
      for (value, expected) in zip(values, plain.scalars) { largest = max(largest, abs(value - expected)) }
    }
    return Double(largest)
  }

  // MARK: In step

  /// Waits until all parties are here.
  private func meet() async throws {
    _ = try await channel.exchange(channel.peers.map { Outgoing([1], to: $0) }, from: channel.peers)
  }

  /// Party 0's number, at all parties.
  private func agree(_ count: Int) async throws -> Int {
    guard channel.party == 0 else {
      return try Self.numbers(in: try await channel.receive(from: 0), count: 1)[0]
    }
    for peer in channel.peers { try await channel.send(WordBytes.bytes(of: [UInt64(count)]), to: peer) }
    return count
  }

  private struct Account {
    var seconds: [Double]
    var traffic: Cost
    var offlineSeconds: Double
  }

  /// Party 0: the longest time of each run over all parties, and what they sent and were dealt together.
  private func gather(_ seconds: [Double], _ spent: Cost) async throws -> Account {
    let own =
      [UInt64(spent.rounds), UInt64(spent.byteCount), UInt64(spent.dealtByteCount)]
      + ([session.offlineSeconds] + seconds).map(\.bitPattern)
    var total = Account(seconds: seconds, traffic: spent, offlineSeconds: session.offlineSeconds)
    guard channel.party == 0 else {
      try await channel.send(WordBytes.bytes(of: own), to: 0)
      return total
    }
    for peer in channel.peers {
      let theirs = try Self.numbers(in: try await channel.receive(from: peer), count: own.count)
      total.traffic.rounds = max(total.traffic.rounds, theirs[0])
      total.traffic.byteCount += theirs[1]
      total.traffic.dealtByteCount += theirs[2]
      let times = theirs.dropFirst(3).map { Double(bitPattern: UInt64($0)) }
      total.offlineSeconds = max(total.offlineSeconds, times[0])
      for (run, time) in times.dropFirst().enumerated() { total.seconds[run] = max(total.seconds[run], time) }
    }
    return total
  }

  private static func numbers(in message: Message, count: Int) throws -> [Int] {
    guard let words = WordBytes.words(in: message[...]), words.count == count,
      words.allSatisfy({ $0 <= UInt64(Int.max) })
    else { throw ServingError.malformedMessage }
    return words.map { Int($0) }
  }
}
