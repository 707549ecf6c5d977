import Identity
import Links
import NIOConcurrencyHelpers
import TestSupport
import Testing
import Transports

/// Whom the two ends let in, and that both say why where they do not.
@Suite struct TrustTests {
  /// What the caller and the server say of an attempt to connect.
  private func attempt(
    _ caller: TLSSettings, at tls: TLSSettings? = nil, software: LinkSoftware = LinkSoftware()
  ) async throws -> (caller: LinkError?, server: LinkError?) {
    let (refusals, refuse) = AsyncStream<LinkError>.makeStream()
    var error: LinkError?
    var refusal: LinkError?
    let note: @Sendable (LinkError) -> Void = { refuse.yield($0) }
    try await withServer(tls: tls, onRefusal: note) { server in
      do throws(LinkError) {
        _ = try await WebSocketDialer.connect(
          to: "wss://127.0.0.1:\(server.port)", tls: caller, software: software, within: .seconds(60))
      } catch let thrown {
        error = thrown
      }
      for await first in refusals {
        refusal = first
        break
      }
    }
    return (error, refusal)
  }

  private func tls(_ own: NodeIdentity, accepting role: Role, pins: Set<[UInt8]>? = nil) throws -> TLSSettings {
    try own.tlsSettings(own.policy(accepting: [role], pins: pins))
  }

  private func expectServerRefuses(_ caller: TLSSettings, at server: TLSSettings? = nil, words: String) async throws {
    let errors = try await attempt(caller, at: server)
    guard case .refused(_, let reason) = errors.caller, case .notTrusted(_, let clause) = errors.server else {
      Issue.record("\(String(describing: errors))")
      return
    }
    #expect(reason == "it does not accept this end's certificate; its log says why")
    #expect(clause.contains(words), "\(clause)")
  }

  private func expectCallerRefuses(_ caller: TLSSettings, words: String) async throws {
    let errors = try await attempt(caller)
    guard case .notTrusted(_, let clause) = errors.caller, case .refused(_, let reason) = errors.server else {
      Issue.record("\(String(describing: errors))")
      return
    }
    #expect(reason == "it does not accept this end's certificate; its log says why")
    #expect(clause.contains(words), "\(clause)")
  }

  @Test func aCallerOfTheWrongRoleIsRefused() async throws {
    let party = try Cast.made.get().party
    try await expectServerRefuses(tls(party, accepting: .coordinator), words: "role party where worker is required")
  }

  @Test func aCallerOfAnotherAuthorityIsRefused() async throws {
    let cast = try Cast.made.get()
    // It accepts our coordinator, so that only the server objects.
    let caller = try cast.stranger.tlsSettings(cast.coordinator.policy(accepting: [.coordinator]))
    try await expectServerRefuses(caller, words: "not issued by the authority")
  }

  @Test func aCallerThatIsNotPinnedIsRefused() async throws {
    let cast = try Cast.made.get()
    let server = try tls(cast.coordinator, accepting: .worker, pins: [cast.workers[1].fingerprint])
    try await expectServerRefuses(Cast.workerTLS(0), at: server, words: "not pinned here")
  }

  @Test func aServerOfTheWrongRoleIsRefused() async throws {
    let worker = try Cast.made.get().workers[0]
    try await expectCallerRefuses(tls(worker, accepting: .party), words: "role coordinator where party is required")
  }

  @Test func aServerThatIsNotPinnedIsRefused() async throws {
    let cast = try Cast.made.get()
    let caller = try tls(cast.workers[0], accepting: .coordinator, pins: [cast.party.fingerprint])
    try await expectCallerRefuses(caller, words: "not pinned here")
  }

  @Test func anotherVersionIsRefusedByBothEnds() async throws {
    var software = LinkSoftware("future")
    software.version = 2
    let errors = try await attempt(Cast.workerTLS(), software: software)
    #expect(errors.caller == .wrongVersion(peer: "coordinator", here: 2, there: 1))
    guard case .wrongVersion(let peer, here: 1, there: 2) = errors.server else {
      Issue.record("\(String(describing: errors.server))")
      return
    }
    #expect(peer.contains("w0"))
    #expect(
      errors.caller.map { "\($0)" }
        == "coordinator speaks version 1 of the protocol and this program version 2: use the same release on both")
  }

  @Test func aSessionOfAnotherCertificateIsRefused() async throws {
    let refusals = NIOLockedValueBox<[LinkError]>([])
    var limits = LinkLimits()
    limits.farewell = .milliseconds(10)
    let note: @Sendable (LinkError) -> Void = { error in refusals.withLockedValue { $0.append(error) } }
    try await withServer(limits: limits, onRefusal: note) {
      server in
      let owner = try await HostileCaller(port: server.port, tls: Cast.workerTLS(0))
      try await owner.send(HostileCaller.hello())
      var links = server.links.makeAsyncIterator()
      let link = try #require(await links.next())
      let thief = try await HostileCaller(port: server.port, tls: Cast.workerTLS(1))
      try await thief.send(HostileCaller.hello())
      let answer = String(decoding: await thief.read(), as: UTF8.self)
      #expect(answer.contains("it asks for a session of another certificate"))
      #expect(
        refusals.withLockedValue { $0 }
          == [.notTrusted(peer: "w1", reason: "it asks for a session of another certificate")])
      // The owner's is untouched.
      try await owner.send(HostileCaller.frame(HostileCaller.prefix(1, body: 1, count: 1) + [8]))
      #expect(try await link.receive(within: patience).body == .bytes([8]))
      #expect(link.peer.name == "w0")
      await owner.close()
    }
  }

  @Test func theEndsKnowEachOther() async throws {
    let cast = try Cast.made.get()
    try await withLink(over: .webSocket) { coordinator, worker in
      #expect(coordinator.peer.fingerprint == cast.workers[0].fingerprint)
      #expect(worker.peer.certificate == cast.coordinator.certificateBytes)
      #expect(worker.peer.role == "coordinator")
    }
  }

  @Test func addressesThatAreNoneAreRefused() async throws {
    for address in [
      "", "host", "ws://host:1", "wss://host", "wss://:1", "wss://host:70000", "wss://a b:1", "wss://h:0",
    ] {
      do throws(LinkError) {
        _ = try await WebSocketDialer.connect(to: address, tls: try tlsForNobody(), within: .seconds(1))
        Issue.record("\(address) was accepted")
      } catch {
        guard case .badAddress(address, _) = error else {
          Issue.record("\(error)")
          continue
        }
      }
    }
  }

  private func tlsForNobody() throws(LinkError) -> TLSSettings {
    guard let settings = try? Cast.workerTLS() else { throw .badAddress("", reason: "no identity") }
    return settings
  }

  @Test func nobodyListens() async throws {
    let port = try await {
      let server = try await LinkServer.start(listen: "127.0.0.1:0", tls: Cast.coordinatorTLS, logger: quiet)
      await server.shutdown()
      return server.port
    }()
    let settings = try Cast.workerTLS()
    do throws(LinkError) {
      _ = try await WebSocketDialer.connect(to: "wss://127.0.0.1:\(port)", tls: settings, within: .milliseconds(150))
      Issue.record("somebody answered")
    } catch {
      #expect(error == .unreachable(address: "127.0.0.1:\(port)", reason: "nobody listens there"))
    }
  }

  @Test func aDiallerMayBeCancelled() async throws {
    let port = try await {
      let server = try await LinkServer.start(listen: "127.0.0.1:0", tls: Cast.coordinatorTLS, logger: quiet)
      await server.shutdown()
      return server.port
    }()
    let settings = try Cast.workerTLS()
    let dialling = Task { () -> LinkError? in
      do throws(LinkError) {
        _ = try await WebSocketDialer.connect(to: "wss://127.0.0.1:\(port)", tls: settings, within: patience)
        return nil
      } catch {
        return error
      }
    }
    dialling.cancel()
    #expect(await dialling.value == .cancelled(waitingFor: "127.0.0.1:\(port)"))
  }
}
