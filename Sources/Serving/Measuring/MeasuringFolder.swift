import Foundation
import Identity

/// Certificates, keys and the cluster file of a measurement, thrown away after it.
struct MeasuringFolder {
  let path: String

  var clusterFile: String { path + "/cluster.yaml" }

  func identity(of party: Int) -> String { path + "/party-\(party)" }

  static func create(partyCount: Int) throws -> MeasuringFolder {
    let folder = MeasuringFolder(
      path: FileManager.default.temporaryDirectory.appendingPathComponent("tacit-bench-\(UUID().uuidString)").path)
    try FileManager.default.createDirectory(
      atPath: folder.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    do {
      let authority = try CertificateAuthority.create(name: "this-machine")
      let ports = try FreePorts.find(count: partyCount)
      let members = try (0..<partyCount).map { party in
        let identity = try authority.issue(role: .party, name: "party-\(party)", days: 1)
        try identity.save(to: folder.identity(of: party))
        return ClusterFile.Party(
          name: identity.name, host: "127.0.0.1", port: ports[party], certificate: identity.fingerprint)
      }
      try ClusterFile(parties: members).save(to: folder.clusterFile)
      return folder
    } catch {
      folder.remove()
      throw error
    }
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// Another party of a measurement, as a process. It ends when the connections to it do.
struct MeasuringProcess {
  private let process: Process

  static func start(executable: String, arguments: [String]) throws -> MeasuringProcess {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw ServingError.cannotStart("\(executable) cannot be run")
    }
    return MeasuringProcess(process: process)
  }

  func stop() {
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
  }
}
