/// A message of the server: what all receivers get, and what one of them gets after it.
///
/// Kept apart so that a thousand messages do not hold a thousand copies; a sender may join them piece by piece.
public struct OutgoingMessage: Sendable {
  public let shared: [UInt8]
  public let own: [UInt8]

  init(shared: [UInt8], own: [UInt8] = []) {
    self.shared = shared
    self.own = own
  }

  public var bytes: [UInt8] { shared + own }

  public var byteCount: Int { shared.count + own.count }
}
