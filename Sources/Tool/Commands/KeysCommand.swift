import ArgumentParser
import Foundation
import Tacit

struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "Make and show the identities of a deployment's processes.",
    discussion: """
      Example:
        tacit keys init authority
        tacit keys issue authority --role party --name bank-a --out identities/bank-a
        tacit keys show identities/bank-a
      """,
    subcommands: [Init.self, Issue.self, Show.self])

  struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a certificate authority: the root of a deployment's trust.",
      discussion: "Example: tacit keys init authority --name our-hospital")

    @Argument(help: "The folder to make; an existing authority is never replaced.") var folder: String
    @Option(help: "The authority's name in its certificates.") var name = "tacit-authority"
    @Option(help: "Days until it expires.") var days = 3650
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
      let authority = try CertificateAuthority.create(name: name, days: days)
      try authority.save(to: folder)
      try IdentityReport(authority.summary).print(json: json)
    }
  }

  struct Issue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Issue a certificate and key for one process.",
      discussion: "Example: tacit keys issue authority --role client --name shop --out identities/shop --days 90")

    @Argument(help: "The authority's folder.") var folder: String
    @Option(help: "What the process may be: \(Role.allCases.map(\.rawValue).joined(separator: ", ")).")
    var role: String
    @Option(help: "The name in the certificate.") var name: String
    @Option(help: "The folder to make; an existing identity is never replaced.") var out: String
    @Option(help: "Days until it expires.") var days = 365
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
      guard let role = Role(rawValue: role) else {
        let known = Role.allCases.map(\.rawValue).joined(separator: ", ")
        throw UsageError("there is no role \"\(self.role)\": choose one of \(known)")
      }
      let identity = try CertificateAuthority.load(from: folder).issue(role: role, name: name, days: days)
      try identity.save(to: out)
      try IdentityReport(identity.summary).print(json: json)
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show a certificate: name, role, dates and fingerprint.",
      discussion: "Example: tacit keys show identities/shop")

    @Argument(help: "An identity's or authority's folder, or a certificate file.") var path: String
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws { try IdentityReport(CertificateSummary(at: path)).print(json: json) }
  }
}

/// A certificate as the command line shows it.
private struct IdentityReport: Encodable {
  let name: String
  let role: String
  let validFrom: String
  let validUntil: String
  let fingerprint: String

  init(_ summary: CertificateSummary) {
    name = summary.name
    role = summary.role?.rawValue ?? "authority"
    validFrom = summary.validFrom.formatted(.iso8601)
    validUntil = summary.validUntil.formatted(.iso8601)
    fingerprint = summary.fingerprintText
  }

  func print(json: Bool) throws {
    if json { return try JSONOutput.print(self) }
    Swift.print(
      """
      name         \(name)
      role         \(role)
      valid        \(validFrom) to \(validUntil)
      fingerprint  \(fingerprint)
      """)
  }
}
