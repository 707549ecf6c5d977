import Foundation
import Identity
import Processes

/// Three parties of a federation on this machine, which add up its workers' shares: certificates made for it alone, and
/// their processes.
struct LocalParties: Sendable {
  /// The cluster file.
  let file: String
  private let folder: String
  private let ports: ReservedPorts
  private let names = (0..<3).map { "party-\($0)" }

  /// Issues the parties' certificates into a folder that is thrown away with the federation.
  init(folder: URL, authority: CertificateAuthority, deadline: Duration) throws {
    self.folder = folder.path
    file = self.folder + "/cluster.yaml"
    ports = try ReservedPorts.take(names.count)
    var members: [ClusterFile.Party] = []
    for (name, port) in zip(names, ports.numbers) {
      let identity = try authority.issue(role: .party, name: name, days: 30)
      try identity.save(to: self.folder + "/" + name)
      members.append(.init(name: name, host: "127.0.0.1", port: port, certificate: identity.fingerprint))
    }
    try ClusterFile(parties: members, deadline: deadline).save(to: file)
  }

  /// Starts a process for each.
  func start(executable: String) throws -> [ChildProcess] {
    try names.map { name in
      try ChildProcess.start(
        executable: executable,
        arguments: ["party", "--identity", "\(folder)/\(name)", "--cluster", file, "--until-input-ends"],
        name: name, log: URL(fileURLWithPath: "\(folder)/\(name).log"))
    }
  }
}
