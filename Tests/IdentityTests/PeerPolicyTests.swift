import Foundation
import Identity
import Logging
import Testing
import Transports

@Suite struct PeerPolicyTests {
  private let authority: CertificateAuthority
  private let party: NodeIdentity
  private let worker: NodeIdentity
  private let stranger: NodeIdentity

  init() throws {
    authority = try CertificateAuthority.create(name: "home")
    party = try authority.issue(role: .party, name: "p0")
    worker = try authority.issue(role: .worker, name: "w0")
    stranger = try CertificateAuthority.create(name: "home").issue(role: .party, name: "p9")
  }

  private func refusal(_ result: Result<PeerIdentity, NotTrusted>) -> String? {
    guard case .failure(let refusal) = result else { return nil }
    return refusal.reason
  }

  @Test func theRightPeerIsAccepted() throws {
    let policy = worker.policy(accepting: [.party, .dealer], pins: [party.fingerprint])
    let identity = try policy.judge([party.certificateBytes]).get()
    #expect(identity.name == "p0" && identity.role == "party")
    #expect(identity.fingerprint == party.fingerprint && identity.certificate == party.certificateBytes)
  }

  @Test func anotherAuthorityOfTheSameNameIsRefused() {
    let reason = refusal(party.policy(accepting: [.party]).judge([stranger.certificateBytes]))
    #expect(reason == "the certificate of p9 was not issued by the authority home")
  }

  @Test func aForgedCertificateIsRefused() {
    // Turning any bit of the signed part breaks the signature or the encoding.
    let policy = party.policy(accepting: [.party])
    for index in stride(from: 0, to: party.certificateBytes.count, by: 7) {
      var bytes = party.certificateBytes
      bytes[index] ^= 4
      #expect(refusal(policy.judge([bytes])) != nil)
    }
  }

  @Test func datesAreChecked() throws {
    let now = Date(timeIntervalSince1970: 1_800_000_000)
    let authority = try CertificateAuthority.create(name: "home", from: now)
    let node = try authority.issue(role: .party, name: "p0", days: 10, from: now)
    func reason(afterDays days: Double) -> String? {
      let date = now.addingTimeInterval(days * 86400)
      return refusal(node.policy(accepting: [.party], now: { date }).judge([node.certificateBytes]))
    }
    #expect(reason(afterDays: 9.9) == nil)
    #expect(reason(afterDays: 10.1) == "the certificate of p0 expired on 2027-01-25T08:00:00Z")
    #expect(reason(afterDays: -1) == "the certificate of p0 is valid only from 2027-01-15T07:55:00Z")
    #expect(throws: IdentityError.self) {
      try node.tlsSettings(node.policy(accepting: [.party]), now: now.addingTimeInterval(11 * 86400))
    }
  }

  @Test func rolesAreChecked() {
    let reason = refusal(party.policy(accepting: [.party, .dealer]).judge([worker.certificateBytes]))
    #expect(reason == "w0 has the role worker where dealer or party is required")
  }

  @Test func pinsAreChecked() {
    let reason = refusal(party.policy(accepting: [.worker], pins: [party.fingerprint]).judge([worker.certificateBytes]))
    #expect(reason?.hasSuffix("which is not pinned here") == true)
  }

  @Test(arguments: [[], [[]], [[0x30, 0x03, 2, 1, 0]], [[UInt8](repeating: 0xFF, count: 100)]] as [[[UInt8]]])
  func nonsenseIsRefused(_ chain: [[UInt8]]) {
    #expect(refusal(party.policy(accepting: [.party]).judge(chain)) == "it shows no readable certificate")
  }

  @Test func anAuthorityIsNoPeer() async throws {
    try await withScratchFolder { folder in
      try authority.save(to: folder)
      let pem = try String(contentsOfFile: folder + "/authority.pem", encoding: .utf8)
      let base64 = pem.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
      let der = try #require(Data(base64Encoded: base64))
      #expect(
        refusal(party.policy(accepting: [.party]).judge([Array(der)]))
          == "the certificate of home is that of an authority")
    }
  }

  /// A caller and a listener whose policies are given; what each end gets to see.
  private func meet(
    _ caller: NodeIdentity, _ callerPolicy: PeerPolicy, _ listenerPolicy: PeerPolicy
  ) async throws -> (caller: ChannelError?, isAdmitted: Bool) {
    let loops = [SocketLoop(name: "caller"), SocketLoop(name: "listener")]
    defer { for loop in loops { loop.shutdown() } }
    let listener = try await Listener.open(
      on: loops[1], host: "127.0.0.1", port: 0, protection: .tls(try party.tlsSettings(listenerPolicy)),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let protection = Protection.tls(try caller.tlsSettings(callerPolicy))
    do throws(ChannelError) {
      let connection = try await loops[0].connect(
        host: "127.0.0.1", port: listener.port, party: 0, protection: protection, within: .seconds(10))
      await connection.close()
    } catch {
      let late = try? await listener.accept(within: .milliseconds(1))
      return (error, late != nil)
    }
    return (nil, (try? await listener.accept(within: .seconds(10))) != nil)
  }

  @Test func peersWhoTrustEachOtherMeet() async throws {
    let outcome = try await meet(worker, worker.policy(accepting: [.party]), party.policy(accepting: [.worker]))
    #expect(outcome.caller == nil && outcome.isAdmitted)
  }

  @Test func aListenerThatIsNotTrustedIsRefusedByName() async throws {
    let outcome = try await meet(stranger, stranger.policy(accepting: [.party]), party.policy(accepting: [.party]))
    guard case .notTrusted(let peer, let reason) = outcome.caller else {
      Issue.record("\(String(describing: outcome.caller))")
      return
    }
    #expect(peer.party == 0)
    #expect(reason == "the certificate of p0 was not issued by the authority home")
    #expect(!outcome.isAdmitted)
  }

  @Test(arguments: ["role", "pin"])
  func aCallerThatIsNotTrustedLearnsThatItWasRefused(_ flaw: String) async throws {
    let policy =
      flaw == "role"
      ? party.policy(accepting: [.party]) : party.policy(accepting: [.worker], pins: [party.fingerprint])
    let outcome = try await meet(worker, worker.policy(accepting: [.party]), policy)
    switch outcome.caller {
    case .tlsFailed(let peer, _), .closed(let peer): #expect(peer.party == 0)
    default: Issue.record("\(String(describing: outcome.caller))")
    }
    #expect(!outcome.isAdmitted)
  }
}
