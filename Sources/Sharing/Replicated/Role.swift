/// Which part a party plays in an asymmetric protocol for one chunk of a tensor.
///
/// The protocols name three parties 0, 1, 2. Rotating the names over three chunks of the tensor gives every party the
/// same work and traffic: with rotation k, role r is played by party r + k (mod 3), and component and key indices move
/// along. What a role holds first is always what the party holds first, so code written for roles needs no index.
enum Role: Int, Sendable {
  /// Holds components 0 and 1, and keys 0 and 1.
  case first = 0
  /// Holds components 1 and 2, and keys 1 and 2.
  case second = 1
  /// Holds components 2 and 0, and keys 2 and 0.
  case third = 2

  /// The role that this one's next party plays.
  var next: Role {
    switch self {
    case .first: .second
    case .second: .third
    case .third: .first
    }
  }
}

/// A run of scalars of one tensor in which the roles are fixed.
struct Chunk: Sendable {
  let rotation: Int
  let range: Range<Int>

  /// The role `party` plays here.
  func role(of party: Int) -> Role {
    Role(rawValue: (party - rotation + 3) % 3) ?? .first
  }

  /// Below this many scalars one chunk is cheaper: a message fewer a round matters more than balance.
  static let smallestRotated = 1536

  /// The chunks of `count` scalars: one, or three whose inner bounds are multiples of 128, so that packed bits start on
  /// a word and keystream blocks are not torn.
  static func chunks(of count: Int) -> [Chunk] {
    guard count >= smallestRotated else { return count == 0 ? [] : [Chunk(rotation: 0, range: 0..<count)] }
    let third = (count / 3 + 127) / 128 * 128
    return [
      Chunk(rotation: 0, range: 0..<third), Chunk(rotation: 1, range: third..<2 * third),
      Chunk(rotation: 2, range: 2 * third..<count),
    ]
  }
}
