import Foundation
import Identity
import Logging
public import Sharing
public import Transports

/// Runs workloads on parties of this machine: tasks over memory, or processes over TLS or, for comparison only, plain TCP.
public struct WorkloadRunner: Sendable {
  public enum Transport: String, Sendable, CaseIterable {
    case memory
    /// Unprotected; nothing but measurements may use it.
    case tcp
    case tls
  }

  /// Replicated among three parties, or another among two or more with a dealer.
  public let engine: EngineOptions.Engine
  private let scheme: ClusterFile.Scheme
  public let partyCount: Int
  public let transport: Transport
  /// The program to start as the other parties.
  public let executable: String
  /// Runs of a workload are repeated for about this long, and at least three times.
  public let patience: Duration
  /// A network to be simulated between the parties.
  public let speed: LinkSpeed?
  /// The protocols of replicated parties.
  public let options: ReplicatedOptions
  static let deadline = Duration.seconds(60)

  public init(
    engine: EngineOptions.Engine = .replicated, parties: Int? = nil, transport: Transport, executable: String,
    patience: Duration = .milliseconds(1200), speed: LinkSpeed? = nil, options: ReplicatedOptions = ReplicatedOptions()
  ) throws {
    guard let scheme = Self.scheme(of: engine) else {
      throw ServingError.badRequest(
        "workloads run on the engines \(EngineOptions.Engine.secretNames), not \(engine.rawValue)")
    }
    self.scheme = scheme
    self.engine = engine
    self.options = options
    partyCount = try EngineOptions.checked(parties: parties, engine: engine)
    self.patience = patience
    self.speed = speed
    self.transport = transport
    self.executable = executable
  }

  private static func scheme(of engine: EngineOptions.Engine) -> ClusterFile.Scheme? {
    switch engine {
    case .plain, .clear: nil
    case .replicated, .replicatedMalicious: .replicated
    case .additive: .additive
    case .spdz: .spdz
    }
  }

  /// Measures each workload in turn and hands over each line as it is there.
  public func run(_ workloads: [Workload], report: @escaping @Sendable (WorkloadMeasurement) throws -> Void)
    async throws
  {
    switch transport {
    case .memory:
      let desk = DealerDesk(Dealer(partyCount: partyCount, form: DealtForm(scheme)))
      let channels = MemoryMesh.channels(partyCount: partyCount, deadline: Self.deadline)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for channel in channels {
          group.addTask {
            try await measure(
              workloads, over: channel, dealer: MemoryDealerAccess(desk, party: channel.party), report: report)
          }
        }
        try await group.waitForAll()
      }
    case .tcp, .tls:
      let folder = try MeasuringFolder.create(partyCount: partyCount, scheme: scheme)
      defer { folder.remove() }
      let dealers = try startDealer(folder)
      defer { for process in dealers { process.stop() } }
      // This process is party 0.
      let others = try (1..<partyCount).map { party in
        try MeasuringProcess.start(
          executable: executable,
          arguments: ["bench", "--transport", transport.rawValue, "--joining", folder.path, "--party", "\(party)"]
            + ["--engine", engine.rawValue, "--parties", "\(partyCount)"]
            + ["--optimise", options.optimise.rawValue, "--truncation", options.truncation.rawValue]
            + workloads.flatMap { ["--workload", $0.rawValue] } + networkArguments)
      }
      defer { for process in others { process.stop() } }
      try await join(workloads, folder: folder.path, party: 0, report: report)
    }
  }

  /// The dealer's process, where there is one; it is always asked over TLS.
  private func startDealer(_ folder: MeasuringFolder) throws -> [MeasuringProcess] {
    guard engine.hasDealer else { return [] }
    return [
      try MeasuringProcess.start(
        executable: executable,
        arguments: [
          "dealer", "--identity", folder.dealerIdentity, "--cluster", folder.clusterFile, "--until-input-ends",
        ], logs: false)
    ]
  }

  /// The simulated network, as another process is told of it.
  private var networkArguments: [String] {
    guard let speed else { return [] }
    return ["--rtt", "\(speed.roundTrip / .seconds(1))s", "--bandwidth", "\(speed.bitsPerSecond)bps"]
  }

  private func slowed(_ channel: some Channel) -> any Channel {
    if let speed { SlowChannel(channel, speed: speed) } else { channel }
  }

  /// Takes part as a party of a measurement that another process has prepared in a folder.
  public func join(
    _ workloads: [Workload], folder: String, party: Int,
    report: @escaping @Sendable (WorkloadMeasurement) throws -> Void
  ) async throws {
    let folder = MeasuringFolder(path: folder)
    let cluster = try ClusterFile.load(from: folder.clusterFile)
    guard cluster.parties.indices.contains(party) else { throw ServingError.badRequest("there is no party \(party)") }
    let identity = try NodeIdentity.load(from: folder.identity(of: party))
    var protection = Protection.insecurePlainTCP
    if transport == .tls {
      protection = .tls(try identity.tlsSettings(identity.policy(accepting: [.party], pins: cluster.pins)))
    }
    let loop = SocketLoop(name: "bench")
    defer { loop.shutdown() }
    try await loop.run { [protection] in
      let listener = try await Listener.open(
        on: loop, host: cluster.parties[party].host, port: cluster.parties[party].port, protection: protection,
        logger: Logger(label: "tacit.bench") { _ in SwiftLogNoOpLogHandler() })
      let builder = MeshBuilder(
        party: party, peers: cluster.peerAddresses, session: Array("bench".utf8), loop: loop, protection: protection,
        deadline: Self.deadline)
      let channel = try await SocketMesh.form(builder, listener: listener, within: Self.deadline)
      let dealer = try cluster.dealer.map {
        try RemoteDealer($0, identity: identity, loop: loop, patience: Self.deadline)
      }
      try await measure(workloads, over: channel, dealer: dealer, report: report)
      await dealer?.close()
      await channel.close()
      await listener.close()
    }
  }

  /// The workloads in turn, at one party.
  private func measure(
    _ workloads: [Workload], over channel: any Channel, dealer: (any DealerAccess)?,
    report: (WorkloadMeasurement) throws -> Void
  ) async throws {
    let channel = slowed(channel)
    do {
      switch (scheme, dealer) {
      case (.additive, let dealer?):
        let session = try await DealtMeasuring<AdditiveScheme>(over: channel, dealer: dealer)
        try await measure(workloads, MeasuringParty(session, over: channel), report: report)
      case (.spdz, let dealer?):
        let session = try await DealtMeasuring<AuthenticatedScheme>(over: channel, dealer: dealer)
        try await measure(workloads, MeasuringParty(session, over: channel), report: report)
      case (_, _) where engine == .replicatedMalicious:
        let session = try await CheckedMeasuring.start(over: channel)
        try await measure(workloads, MeasuringParty(session, over: channel), report: report)
      case (_, _):
        let session = try await ReplicatedMeasuring.start(over: channel, options: options)
        try await measure(workloads, MeasuringParty(session, over: channel), report: report)
      }
    } catch {
      await channel.close()
      throw error
    }
  }

  private func measure<Session: MeasuringSession>(
    _ workloads: [Workload], _ party: MeasuringParty<Session>, report: (WorkloadMeasurement) throws -> Void
  ) async throws {
    var party = party
    for workload in workloads {
      guard let result = try await party.measure(try workload.program(), for: patience) else { continue }
      let seconds = result.seconds.sorted()
      try report(
        WorkloadMeasurement(
          peer: "tacit", workload: workload.rawValue, protocol: party.costs.name,
          optimise: options.optimise == .bytes ? nil : options.optimise.rawValue,
          truncation: options.truncation == .safe ? nil : options.truncation.rawValue, transport: transport.rawValue,
          parties: partyCount, batch: workload.batch, secondsMedian: seconds[seconds.count / 2],
          secondsMinimum: seconds[0], runs: seconds.count, bytesSentTotal: result.traffic.byteCount,
          rounds: result.traffic.rounds, offlineSeconds: result.offlineSeconds,
          dealtBytes: result.traffic.dealtByteCount, maxAbsoluteError: result.maxAbsoluteError,
          rttSeconds: speed.map { $0.roundTrip / .seconds(1) }, bandwidthBitsPerSecond: speed?.bitsPerSecond))
    }
  }
}
