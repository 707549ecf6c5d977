import Foundation
public import Identity
import NIOConcurrencyHelpers
import Sharing

/// Party processes on this machine, and a dealer where they share additively, with certificates and keys made for them alone and thrown away after.
///
/// The processes end when ``stop()`` is called or when this process ends, however it ends: they watch their standard
/// input.
public final class LocalCluster: Sendable {
  public let cluster: ClusterFile
  public let client: NodeIdentity
  private let folder: URL
  private let parties: NIOLockedValueBox<[PartyProcess]>

  /// Starts the parties; they may still be on their way up when this returns, so the first call should be patient.
  ///
  /// - Parameters:
  ///   - executable: the `tacit` program.
  ///   - scheme: how the parties share.
  ///   - deadline: how long parties wait for each other.
  ///   - storage: a folder in which the parties keep checkpoints of trainings; none where nothing is kept.
  public static func start(
    executable: String, scheme: ClusterScheme = .replicated, deadline: Duration = .seconds(30),
    storage: String? = nil
  ) async throws -> LocalCluster {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    do {
      let authority = try CertificateAuthority.create(name: "this-machine")
      let client = try authority.issue(role: .client, name: "client", days: 1)
      let count = scheme.costs.partyCount
      let ports = try FreePorts.find(count: count + 1)
      func member(_ role: Role, _ name: String, _ port: Int) throws -> ClusterFile.Party {
        let identity = try authority.issue(role: role, name: name, days: 1)
        try identity.save(to: folder.appendingPathComponent(name).path)
        return .init(name: name, host: "127.0.0.1", port: port, certificate: identity.fingerprint)
      }
      let members = try (0..<count).map { try member(.party, "party-\($0)", ports[$0]) }
      let dealer = scheme == .replicated ? nil : try member(.dealer, "dealer", ports[count])
      let cluster = try ClusterFile(parties: members, dealer: dealer, deadline: deadline)
      let file = folder.appendingPathComponent("cluster.yaml").path
      try cluster.save(to: file)
      var processes: [PartyProcess] = []
      if dealer != nil {
        processes.append(
          try PartyProcess.start(executable: executable, index: nil, folder: folder, clusterFile: file, storage: nil))
      }
      for index in 0..<count {
        processes.append(
          try PartyProcess.start(
            executable: executable, index: index, folder: folder, clusterFile: file,
            storage: storage.map { $0 + "/party-\(index)" }))
      }
      let parties = processes
      return LocalCluster(cluster: cluster, client: client, folder: folder, parties: parties)
    } catch {
      try? FileManager.default.removeItem(at: folder)
      throw error
    }
  }

  private init(cluster: ClusterFile, client: NodeIdentity, folder: URL, parties: [PartyProcess]) {
    self.cluster = cluster
    self.client = client
    self.folder = folder
    self.parties = NIOLockedValueBox(parties)
  }

  /// Process identifiers, in the order of the parties.
  public var processIdentifiers: [Int32] {
    parties.withLockedValue { $0.filter { !$0.isDealer }.map(\.identifier) }
  }

  /// Runs the body; where it fails and a party's process has ended, the error says so instead.
  public func explaining<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch {
      let ended = parties.withLockedValue { $0.compactMap(\.epitaph).first }
      throw ended ?? error
    }
  }

  /// Ends the processes and removes their keys.
  public func stop() {
    parties.withLockedValue { processes in
      for process in processes { process.stop() }
      processes = []
    }
    try? FileManager.default.removeItem(at: folder)
  }

  deinit { stop() }
}

/// One party's process, or the dealer's.
///
/// `@unchecked Sendable`: `Process` is only touched under the lock of ``LocalCluster``.
private final class PartyProcess: @unchecked Sendable {
  private let process: Process
  private let input: Pipe
  private let log: URL
  /// `nil` for the dealer.
  private let index: Int?

  static func start(
    executable: String, index: Int?, folder: URL, clusterFile: String, storage: String?
  ) throws -> PartyProcess {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    let name = index.map { "party-\($0)" } ?? "dealer"
    process.arguments = [
      index == nil ? "dealer" : "party", "--identity", folder.appendingPathComponent(name).path, "--cluster",
      clusterFile, "--until-input-ends",
    ]
    // The client says how many runs it wants; more, dealt while it measures, would only get in its way.
    if index != nil { process.arguments? += ["--stock-low", "0"] }
    if let storage { process.arguments? += ["--storage", storage] }
    let input = Pipe()
    process.standardInput = input
    process.standardOutput = FileHandle.nullDevice
    let log = folder.appendingPathComponent("\(name).log")
    guard FileManager.default.createFile(atPath: log.path, contents: nil) else {
      throw ServingError.cannotStart("\(log.path) cannot be written")
    }
    process.standardError = try FileHandle(forWritingTo: log)
    do {
      try process.run()
    } catch {
      throw ServingError.cannotStart("\(executable) cannot be run")
    }
    return PartyProcess(process, input, log, index)
  }

  private init(_ process: Process, _ input: Pipe, _ log: URL, _ index: Int?) {
    self.process = process
    self.input = input
    self.log = log
    self.index = index
  }

  var isDealer: Bool { index == nil }
  var identifier: Int32 { process.processIdentifier }

  /// Why the process is no more, if it is not.
  var epitaph: ServingError? {
    guard !process.isRunning else { return nil }
    let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
    let prefix = "tacit: "
    let complaint = text.split(separator: "\n").last { $0.hasPrefix(prefix) }?.dropFirst(prefix.count) ?? ""
    guard let index else { return .dealerExited(status: process.terminationStatus, log: String(complaint)) }
    return .partyExited(index, status: process.terminationStatus, log: String(complaint))
  }

  func stop() {
    try? input.fileHandleForWriting.close()
    process.end()
  }
}

extension Process {
  /// Ends it and waits until it is gone: one that hangs would take for ever, so it is asked first and killed after 2 s.
  func end() {
    if isRunning { terminate() }
    let end = ContinuousClock.now + .seconds(2)
    while isRunning, ContinuousClock.now < end { Thread.sleep(forTimeInterval: 0.005) }
    if isRunning { kill(processIdentifier, SIGKILL) }
    waitUntilExit()
  }
}
