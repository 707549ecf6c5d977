import Identity
import NIOConcurrencyHelpers
import Sharing
import Transports

/// A dealer in another process. Asked one thing after the other, by one task.
///
/// A connection that broke is made anew; every wait ends after `patience`.
final class RemoteDealer: DealerAccess {
  private let address: ClusterFile.Party
  private let settings: TLSSettings
  private let loop: SocketLoop
  private let patience: Duration
  private let state = NIOLockedValueBox(State())

  private struct State {
    var connection: FrameConnection?
    /// Programs that the dealer knows on this connection.
    var programs: Set<String> = []
  }

  init(_ address: ClusterFile.Party, identity: NodeIdentity, loop: SocketLoop, patience: Duration) throws {
    self.address = address
    self.loop = loop
    self.patience = patience
    settings = try identity.tlsSettings(identity.policy(accepting: [.dealer], pins: [address.certificate]))
  }

  func key() async throws -> DealtKey {
    let frame = try await ask(.key)
    guard case .key(let epoch) = frame.control else { throw ServingError.malformedMessage }
    return DealtKey(epoch: epoch, bytes: Array(frame.body))
  }

  /// - Throws: ``ServingError/sessionBroken(_:)`` where the dealer has other keys by now.
  func ticket(of computation: DealtComputation, step: UInt32, epoch: [UInt8]) async throws -> Message {
    let frame = try await ask(
      .ticket(epoch: epoch, program: computation.program, step: step), about: computation)
    switch frame.control {
    case .ticket(step): return Array(frame.body)
    case .newKeys: throw ServingError.sessionBroken("the dealer has new keys")
    case .ticket, .welcome, .key, .health, .program, .refused: throw ServingError.malformedMessage
    }
  }

  func close() async {
    let connection = state.withLockedValue { state in
      defer { state.connection = nil }
      return state.connection
    }
    await connection?.close(within: .zero)
  }

  /// Asks, on a new connection where the old one is no more.
  private func ask(
    _ request: DealerRequest, about computation: DealtComputation? = nil
  ) async throws -> ServingFrame<DealerReply> {
    do {
      return try await loop.run {
        do {
          return try await askOnce(request, computation)
        } catch ChannelError.closed {
          await close()
          return try await askOnce(request, computation)
        }
      }
    } catch let error as ServingError {
      // A dealer that says something else than was asked is out of step.
      if error.endsSession { await close() }
      throw error
    } catch {
      await close()
      throw ServingError.dealerFails("\(error)")
    }
  }

  private func askOnce(
    _ request: DealerRequest, _ computation: DealtComputation?
  ) async throws -> ServingFrame<DealerReply> {
    let connection = try await connected()
    if let computation, !state.withLockedValue({ $0.programs.contains(computation.program) }) {
      guard case .program(computation.program) = try await exchange(.program(computation.content), connection).control
      else { throw ServingError.dealerFails("it understands the program differently: is it of the same version?") }
      state.withLockedValue { state in
        // The dealer forgets at the same moment.
        if state.programs.count >= DealerRequest.programCapacity { state.programs = [] }
        state.programs.insert(computation.program)
      }
    }
    return try await exchange(request, connection)
  }

  private func exchange(
    _ request: DealerRequest, _ connection: FrameConnection
  ) async throws -> ServingFrame<DealerReply> {
    try await Self.exchange(ServingFrame(request), connection, patience)
  }

  private static func exchange(
    _ request: ServingFrame<DealerRequest>, _ connection: FrameConnection, _ patience: Duration
  ) async throws -> ServingFrame<DealerReply> {
    try await connection.send(try request.message)
    let frame = try ServingFrame<DealerReply>(try await connection.receive(within: patience))
    if case .refused(let reason) = frame.control { throw ServingError.dealerFails(reason) }
    return frame
  }

  /// Says hello to a dealer.
  static func greet(_ connection: FrameConnection, _ patience: Duration) async throws {
    let hello = ServingFrame(DealerRequest.hello(version: DealerRequest.version))
    guard case .welcome(let version) = try await exchange(hello, connection, patience).control else {
      throw ServingError.malformedMessage
    }
    guard version == DealerRequest.version else { throw ServingError.wrongVersion(found: version) }
  }

  /// How the dealer at the other end is, asked with so many bytes.
  static func health(
    _ connection: FrameConnection, byteCount: Int, _ patience: Duration
  ) async throws -> PartyHealth {
    let request = ServingFrame(DealerRequest.health, body: [UInt8](repeating: 0, count: byteCount))
    guard case .health(let health) = try await exchange(request, connection, patience).control else {
      throw ServingError.malformedMessage
    }
    return health
  }

  private func connected() async throws -> FrameConnection {
    if let connection = state.withLockedValue({ $0.connection }) { return connection }
    let connection = try await loop.connect(
      host: address.host, port: address.port, protection: .tls(settings), within: patience)
    do {
      try await Self.greet(connection, patience)
    } catch {
      await connection.close(within: .zero)
      throw error
    }
    state.withLockedValue { state in
      state.connection = connection
      state.programs = []
    }
    return connection
  }
}
