/// The first frame between two parties of a mesh: which session they mean and who they are in it.
public struct MeshHello: Hashable, Sendable {
  /// What all parties of the session know it by.
  public let session: [UInt8]
  public let party: PartyID
  public let partyCount: Int

  private static let magic = Array("tacit mesh 1".utf8)

  public init(session: [UInt8], party: PartyID, partyCount: Int) {
    self.session = session
    self.party = party
    self.partyCount = partyCount
  }

  /// Reads a frame; `nil` where it is something else, such as a client's request.
  public init?(_ message: Message) {
    let numbers = MeshHello.magic.count
    guard message.count >= numbers + 8, message.starts(with: MeshHello.magic) else { return nil }
    party = MeshHello.word(message[numbers..<numbers + 4])
    partyCount = MeshHello.word(message[numbers + 4..<numbers + 8])
    session = Array(message[(numbers + 8)...])
  }

  /// The frame.
  public var message: Message {
    MeshHello.magic + MeshHello.bytes(party) + MeshHello.bytes(partyCount) + session
  }

  private static func bytes(_ number: Int) -> [UInt8] {
    let word = UInt32(truncatingIfNeeded: number)
    return (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
  }

  private static func word(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
