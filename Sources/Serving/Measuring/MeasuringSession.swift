import Graphs
import Sharing
import Tensors
import Transports

/// A scheme at one party of a measurement. Party 0 plays the owner of all inputs as well.
protocol MeasuringSession {
  associatedtype Scheme: SharingScheme
  var scheme: Scheme { get }
  var costs: any CostModel { get }
  /// What this party has sent and been dealt since the session began.
  var traffic: Cost { get }
  /// What this party has waited for a dealer, for one run of the program.
  var offlineSeconds: Double { get }

  /// Shares the program's inputs, of which the others know the shapes alone, and prepares its runs.
  mutating func begin(_ program: WorkloadProgram) async throws -> [String: Scheme.Share]
  /// So many runs are to come.
  mutating func expect(runs: Int)
  /// Called before each run.
  mutating func beginRun() async throws
  /// Called at the end of each run, within its time: checks what the scheme can check.
  func endRun() async throws
  /// The outputs of the last run, at party 0, in the clear; once for each program.
  func open(_ outputs: [Scheme.Share]) async throws -> [RingTensor]
}

extension WorkloadProgram {
  var shapes: [Shape] { names.map { graph.shape(ofInput: $0) ?? [0] } }

  func encodedInputs() throws -> [RingTensor] { try encodedInputs(names) }

  func encodedInputs(_ names: [String]) throws -> [RingTensor] {
    try names.map { name in
      try SecretInput.encode(inputs[name] ?? Tensor(shape: [0], scalars: []), named: name, fractionBits: fractionBits)
    }
  }
}

/// A session of three replicated parties.
struct ReplicatedMeasuring: MeasuringSession {
  let channel: any Channel
  let scheme: ReplicatedScheme
  var costs: any CostModel { ReplicatedCosts(scheme.options) }
  var traffic: Cost { scheme.traffic }
  var offlineSeconds: Double { 0 }

  static func start(over channel: any Channel, options: ReplicatedOptions) async throws -> ReplicatedMeasuring {
    let scheme = try await ReplicatedScheme.start(over: channel, session: "bench")
    scheme.options = options
    return ReplicatedMeasuring(channel: channel, scheme: scheme)
  }

  func begin(_ program: WorkloadProgram) async throws -> [String: ReplicatedShare] {
    Dictionary(uniqueKeysWithValues: zip(program.names, try await Self.share(program, over: channel)))
  }

  /// Shares of the program's inputs, which party 0 owns.
  static func share(_ program: WorkloadProgram, over channel: any Channel) async throws -> [ReplicatedShare] {
    var parcel: InputSharing.Parcel
    if channel.party == 0 {
      let parcels = InputSharing.parcels(of: try program.encodedInputs())
      for peer in channel.peers { try await channel.send(parcels[peer].bytes, to: peer) }
      parcel = parcels[0]
    } else {
      parcel = try InputSharing.Parcel(bytes: try await channel.receive(from: 0)[...])
    }
    return try InputSharing.unpack(parcel, party: channel.party, shapes: program.shapes)
  }

  func expect(runs: Int) {}

  func beginRun() throws { try scheme.beginStep() }

  /// Nothing: the parties follow the protocol.
  func endRun() {}

  func open(_ outputs: [ReplicatedShare]) async throws -> [RingTensor] { try await scheme.open(outputs) }
}
