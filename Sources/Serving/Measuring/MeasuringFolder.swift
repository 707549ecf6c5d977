import Foundation
import Identity
import Processes

/// Certificates, keys and the cluster file of a measurement, thrown away after it.
struct MeasuringFolder {
  let path: String
  /// Held while the measurement lasts; `nil` where another process does.
  private let ports: ReservedPorts?

  init(path: String, ports: ReservedPorts? = nil) {
    self.path = path
    self.ports = ports
  }

  var clusterFile: String { path + "/cluster.yaml" }

  func identity(of party: Int) -> String { path + "/party-\(party)" }

  var dealerIdentity: String { path + "/dealer" }

  static func create(partyCount: Int, scheme: ClusterFile.Scheme) throws -> MeasuringFolder {
    let ports = try ReservedPorts.take(partyCount + 1)
    let folder = MeasuringFolder(
      path: FileManager.default.temporaryDirectory.appendingPathComponent("tacit-bench-\(UUID().uuidString)").path,
      ports: ports)
    try FileManager.default.createDirectory(
      atPath: folder.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    do {
      let authority = try CertificateAuthority.create(name: "this-machine")
      func member(_ role: Role, _ name: String, at path: String, port: Int) throws -> ClusterFile.Party {
        let identity = try authority.issue(role: role, name: name, days: 1)
        try identity.save(to: path)
        return ClusterFile.Party(name: name, host: "127.0.0.1", port: port, certificate: identity.fingerprint)
      }
      let members = try (0..<partyCount).map { party in
        try member(.party, "party-\(party)", at: folder.identity(of: party), port: ports.numbers[party])
      }
      let dealer =
        scheme == .replicated
        ? nil : try member(.dealer, "dealer", at: folder.dealerIdentity, port: ports.numbers[partyCount])
      try ClusterFile(parties: members, dealer: dealer, scheme: scheme).save(to: folder.clusterFile)
      return folder
    } catch {
      folder.remove()
      throw error
    }
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// Another party of a measurement, or the dealer, as a process.
struct MeasuringProcess {
  private let process: Process
  /// A dealer ends when this does, as when this process ends.
  private let input: Pipe

  static func start(executable: String, arguments: [String], logs: Bool = true) throws -> MeasuringProcess {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    let input = Pipe()
    process.standardInput = input
    process.standardOutput = FileHandle.nullDevice
    if !logs { process.standardError = FileHandle.nullDevice }
    do {
      try process.run()
    } catch {
      throw ChildProcess.NotStarted(reason: "\(executable) cannot be run")
    }
    return MeasuringProcess(process: process, input: input)
  }

  func stop() { process.end() }
}
