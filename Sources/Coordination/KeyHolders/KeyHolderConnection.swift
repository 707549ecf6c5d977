public import Identity
public import Logging

/// A key-holder's connection to its coordinator, made again whenever it is lost.
public struct KeyHolderConnection: Sendable {
  private let connection: CoordinatorConnection

  /// - Parameters:
  ///   - address: wss://HOST:PORT.
  ///   - pins: the fingerprints of the coordinators that will do; all of the own authority where there are none.
  public init(
    _ holder: KeyHolder, identity: NodeIdentity, address: String, pins: Set<[UInt8]>? = nil, logger: Logger
  ) {
    connection = CoordinatorConnection(identity: identity, address: address, pins: pins, logger: logger) {
      try await holder.serve($0)
    }
  }

  /// Serves until its task is cancelled.
  ///
  /// - Throws: `LinkError` where trying again would not help: a certificate or address that is refused, or another
  ///   version.
  public func run() async throws { try await connection.run() }
}
