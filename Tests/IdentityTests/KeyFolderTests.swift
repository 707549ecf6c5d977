import Foundation
import Identity
import SwiftASN1
import Testing
import X509

@Suite struct KeyFolderTests {
  @Test func foldersComeBackAsTheyWereSaved() async throws {
    try await withScratchFolder { folder in
      let authority = try CertificateAuthority.create(name: "home")
      try authority.save(to: folder + "/authority")
      let again = try CertificateAuthority.load(from: folder + "/authority")
      let node = try again.issue(role: .dealer, name: "d0", days: 30)
      try node.save(to: folder + "/d0")
      let loaded = try NodeIdentity.load(from: folder + "/d0")
      #expect(loaded.name == "d0" && loaded.role == .dealer)
      #expect(loaded.fingerprint == node.fingerprint)
      #expect(loaded.certificateBytes == node.certificateBytes)
      #expect(try mode(of: folder + "/d0/key.pem") == "600")
      #expect(try mode(of: folder + "/authority/authority-key.pem") == "600")
      let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/d0").sorted()
      #expect(files == ["authority.pem", "certificate.pem", "key.pem"])
    }
  }

  @Test func nothingIsEverReplaced() async throws {
    try await withScratchFolder { folder in
      let authority = try CertificateAuthority.create(name: "home")
      try authority.save(to: folder)
      #expect(throws: IdentityError.exists(path: folder + "/authority-key.pem")) { try authority.save(to: folder) }
    }
  }

  @Test(arguments: [0o644, 0o640, 0o604, 0o660, 0o666])
  func aKeyThatOthersMayReadIsRefused(_ permissions: Int) async throws {
    try await withScratchFolder { folder in
      let node = try CertificateAuthority.create(name: "home").issue(role: .party, name: "p0")
      try node.save(to: folder)
      let key = folder + "/key.pem"
      try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: key)
      let error = IdentityError.looseMode(path: key, mode: permissions)
      #expect(throws: error) { try NodeIdentity.load(from: folder) }
      #expect(error.description.contains("chmod 600"))
      // A link does not hide the file's mode.
      let link = folder + "/link"
      try FileManager.default.createDirectory(atPath: link, withIntermediateDirectories: true)
      for name in ["key.pem", "certificate.pem", "authority.pem"] {
        try FileManager.default.createSymbolicLink(atPath: link + "/" + name, withDestinationPath: folder + "/" + name)
      }
      #expect(throws: IdentityError.looseMode(path: link + "/key.pem", mode: permissions)) {
        try NodeIdentity.load(from: link)
      }
    }
  }

  @Test(
    arguments: ["certificate.pem", "key.pem", "authority.pem"], ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
  func damagedFilesAreNamed(_ file: String, _ content: String) async throws {
    try await withScratchFolder { folder in
      try CertificateAuthority.create(name: "home").issue(role: .party, name: "p0").save(to: folder)
      let path = folder + "/" + file
      let handle = try #require(FileHandle(forWritingAtPath: path))
      try handle.truncate(atOffset: 0)
      try handle.write(contentsOf: Data(content.utf8))
      try handle.close()
      do throws(IdentityError) {
        _ = try NodeIdentity.load(from: folder)
        Issue.record("the damage was not noticed")
      } catch {
        guard case .malformed(let place, _) = error, place == path else {
          Issue.record("\(error)")
          return
        }
      }
    }
  }

  @Test func missingFilesAreNamed() async throws {
    try await withScratchFolder { folder in
      #expect(throws: IdentityError.file(path: folder + "/certificate.pem", reason: "it is not there")) {
        try NodeIdentity.load(from: folder)
      }
    }
  }

  @Test func filesThatDoNotBelongTogetherAreNoticed() async throws {
    try await withScratchFolder { folder in
      let authority = try CertificateAuthority.create(name: "home")
      try authority.issue(role: .party, name: "p0").save(to: folder + "/a")
      try authority.issue(role: .party, name: "p1").save(to: folder + "/b")
      try CertificateAuthority.create(name: "home").issue(role: .party, name: "p2").save(to: folder + "/c")
      func put(_ file: String, from source: String, into target: String) throws {
        try FileManager.default.removeItem(atPath: "\(folder)/\(target)/\(file)")
        try FileManager.default.copyItem(atPath: "\(folder)/\(source)/\(file)", toPath: "\(folder)/\(target)/\(file)")
      }
      try put("key.pem", from: "b", into: "a")
      #expect(throws: IdentityError.keyMismatch(path: folder + "/a/key.pem")) {
        try NodeIdentity.load(from: folder + "/a")
      }
      try put("authority.pem", from: "c", into: "b")
      #expect(throws: IdentityError.wrongAuthority(path: folder + "/b")) { try NodeIdentity.load(from: folder + "/b") }
    }
  }

  @Test func summariesAreForPeople() async throws {
    try await withScratchFolder { folder in
      let start = Date(timeIntervalSince1970: 1_800_000_000)
      let authority = try CertificateAuthority.create(name: "home", from: start)
      let node = try authority.issue(role: .worker, name: "bank-1", days: 2, from: start)
      try node.save(to: folder)
      let summary = try CertificateSummary(at: folder)
      #expect(summary == (try node.summary))
      #expect(
        "\(summary)" == """
          name         bank-1
          role         worker
          valid from   2027-01-15T07:55:00Z
          valid until  2027-01-17T08:00:00Z
          SHA-256      \(node.fingerprint.map { String(format: "%02x", $0) }.joined())
          """)
      #expect(try CertificateSummary(at: folder + "/authority.pem").role == nil)
    }
  }

  @Test(arguments: ["", "a b", "é", "../x", String(repeating: "x", count: 65)])
  func badNamesAreRefused(_ name: String) throws {
    #expect(throws: IdentityError.badName(name)) { try CertificateAuthority.create(name: name) }
  }

  @Test(arguments: [Int.min, -1, 0, 40, Int.max])
  func badPeriodsAreRefused(_ days: Int) throws {
    let authority = try CertificateAuthority.create(name: "home", days: 30)
    #expect(throws: IdentityError.badValidity(days: days)) {
      try authority.issue(role: .party, name: "p0", days: days)
    }
  }

  @Test(arguments: Role.allCases)
  func anotherVerifierAcceptsWhatIsIssued(_ role: Role) async throws {
    // The oracle is the path validation of swift-certificates by RFC 5280.
    let authority = try CertificateAuthority.create(name: "home")
    let node = try authority.issue(role: role, name: "n")
    try await withScratchFolder { folder in
      try authority.save(to: folder)
      let root = try Certificate(pemEncoded: String(contentsOfFile: folder + "/authority.pem", encoding: .utf8))
      var verifier = Verifier(rootCertificates: CertificateStore([root])) { RFC5280Policy() }
      let leaf = try Certificate(derEncoded: node.certificateBytes)
      let result = await verifier.validate(leaf: leaf, intermediates: CertificateStore())
      guard case .validCertificate(let chain) = result else {
        Issue.record("\(result)")
        return
      }
      #expect(Array(chain) == [leaf, root])
    }
  }
}
