import Graphs
import Sharing
import Tensors
import Transports

/// One party of a measurement: runs programs on shares in step with the others, and lets party 0 know how long it took.
///
/// Party 0 plays the owner of all inputs as well.
struct MeasuringParty<Scheme: SharingScheme> {
  let channel: any Channel
  let scheme: Scheme
  let costs: any CostModel
  /// What this party has sent since the session began.
  let traffic: () -> Cost
  /// Called before each run.
  let beginRun: () throws -> Void
  /// Shares tensors that party 0 has; the others give their shapes alone.
  let share: (_ names: [String], WorkloadProgram) async throws -> [Scheme.Share]

  /// What all runs of a program took.
  struct Result {
    /// At the slowest party, by run.
    var seconds: [Double]
    var traffic: Cost
    var maxAbsoluteError: Double
  }

  /// Runs a program again and again for about `patience`; `nil` at all parties but party 0.
  ///
  /// - Throws: ``SharingError/trafficDiffers(planned:measured:)`` where a run sent anything else than the plan says.
  func measure(_ program: WorkloadProgram, for patience: Duration) async throws -> Result? {
    let bounds = try ValueBounds(program)
    let engine = SecureEngine(
      scheme, fractionBits: program.fractionBits, widths: bounds.widths, magnitudes: bounds.magnitudes)
    let names = program.names
    let inputs = Dictionary(uniqueKeysWithValues: zip(names, try await share(names, program)))
    var seconds: [Double] = []
    var spent = Cost.none
    var wanted = 1
    var outputs: [Scheme.Share] = []
    while seconds.count < wanted {
      try beginRun()
      try await meet()
      let before = traffic()
      let clock = ContinuousClock()
      let start = clock.now
      outputs = try await engine.run(program.graph, inputs: inputs)
      seconds.append((clock.now - start) / .seconds(1))
      spent = traffic() - before
      if seconds.count == 1 {
        let count = Int(patience / .seconds(max(seconds[0], 1e-4)))
        wanted = try await agree(1 + max(3, min(400, count)))
      }
    }
    let opened = try await scheme.open(outputs)
    let all = try await gather(Array(seconds.dropFirst()), spent)
    guard channel.party == 0 else { return nil }
    let planned = try await plan(program, bounds)
    guard planned == all.traffic else { throw SharingError.trafficDiffers(planned: planned, measured: all.traffic) }
    return Result(
      seconds: all.seconds, traffic: all.traffic, maxAbsoluteError: try Self.error(of: opened, program))
  }

  private func plan(_ program: WorkloadProgram, _ bounds: ValueBounds) async throws -> Cost {
    let metered = MeteredScheme(costs)
    let inputs = program.graph.inputs.mapValues { metered.share(of: program.graph.nodes[$0].shape) }
    let engine = SecureEngine(metered, fractionBits: program.fractionBits, widths: bounds.widths)
    _ = try await engine.run(program.graph, inputs: inputs)
    return metered.traffic
  }

  private static func error(of outputs: [RingTensor], _ program: WorkloadProgram) throws -> Double {
    let plain = try PlainEngine().run(program.graph, inputs: program.inputs)
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

  /// Party 0: the longest time of each run over all parties, and what they sent together.
  private func gather(_ seconds: [Double], _ spent: Cost) async throws -> (seconds: [Double], traffic: Cost) {
    let own = [UInt64(spent.rounds), UInt64(spent.byteCount)] + seconds.map(\.bitPattern)
    guard channel.party == 0 else {
      try await channel.send(WordBytes.bytes(of: own), to: 0)
      return (seconds, spent)
    }
    var (longest, total) = (seconds, spent)
    for peer in channel.peers {
      let theirs = try Self.numbers(in: try await channel.receive(from: peer), count: own.count)
      total.rounds = max(total.rounds, theirs[0])
      total.byteCount += theirs[1]
      for (run, bits) in theirs.dropFirst(2).enumerated() {
        longest[run] = max(longest[run], Double(bitPattern: UInt64(bits)))
      }
    }
    return (longest, total)
  }

  private static func numbers(in message: Message, count: Int) throws -> [Int] {
    guard let words = WordBytes.words(in: message[...]), words.count == count,
      words.allSatisfy({ $0 <= UInt64(Int.max) })
    else { throw ServingError.malformedMessage }
    return words.map { Int($0) }
  }
}

extension MeasuringParty where Scheme == ReplicatedScheme {
  /// A party of a replicated session over the channel.
  static func replicated(
    over channel: any Channel, options: ReplicatedOptions = ReplicatedOptions()
  ) async throws -> MeasuringParty {
    let scheme = try await ReplicatedScheme.start(over: channel, session: "bench")
    scheme.options = options
    return MeasuringParty(
      channel: channel, scheme: scheme, costs: ReplicatedCosts(options), traffic: { scheme.traffic },
      beginRun: { try scheme.beginStep() },
      share: { names, program in
        let shapes = names.compactMap { program.graph.shape(ofInput: $0) }
        var parcel: InputSharing.Parcel
        if channel.party == 0 {
          let tensors = try names.map { name in
            try SecretInput.encode(
              program.inputs[name] ?? Tensor(shape: [0], scalars: []), named: name, fractionBits: program.fractionBits)
          }
          let parcels = InputSharing.parcels(of: tensors)
          for peer in channel.peers { try await channel.send(parcels[peer].bytes, to: peer) }
          parcel = parcels[0]
        } else {
          parcel = try InputSharing.Parcel(bytes: try await channel.receive(from: 0)[...])
        }
        return try InputSharing.unpack(parcel, party: channel.party, shapes: shapes)
      })
  }
}
