import Foundation
import Identity
import Paillier
import Processes

/// The key of a federation on this machine, dealt for it alone, and the processes that hold its shares.
struct LocalKeyHolders: Sendable {
  private let folder: String
  private let names: [String]

  /// Any two of three key-holders open a sum; 2048 bits, which takes a second now and then.
  static func deal() throws(PaillierError) -> (key: ThresholdKey, shares: [KeyShare]) {
    try ThresholdKey.deal(bitCount: 2048, threshold: 2, holders: 3)
  }

  /// Deals a key into a folder that is thrown away with the federation, and issues its holders' certificates.
  init(folder: URL, authority: CertificateAuthority) throws {
    self.folder = folder.path
    let (key, shares) = try Self.deal()
    try KeyFiles.save(key, shares, to: self.folder + "/key")
    names = shares.map { "key-holder-\($0.holder)" }
    for name in names {
      try authority.issue(role: .keyholder, name: name, days: 30).save(to: self.folder + "/" + name)
    }
  }

  /// The file of the public part.
  var keyFile: String { "\(folder)/key/\(KeyFiles.keyName)" }

  /// Starts a process for each; it opens no sum of fewer updates than given.
  func start(executable: String, url: String, smallestCohort: Int) throws -> [ChildProcess] {
    try names.enumerated().map { index, name in
      try ChildProcess.start(
        executable: executable,
        arguments: [
          "keyholder", "--name", name, "--identity", "\(folder)/\(name)", "--share",
          "\(folder)/key/\(KeyFiles.shareName(index + 1))", "--coordinator", url, "--smallest-cohort",
          String(smallestCohort), "--until-input-ends",
        ], name: name, log: URL(fileURLWithPath: "\(folder)/\(name).log"))
    }
  }
}
