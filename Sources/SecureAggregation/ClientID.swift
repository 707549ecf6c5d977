public import Crypto

/// A client's name, as its certificate and the roster have it.
public struct ClientID: Hashable, Sendable, Comparable, ExpressibleByStringLiteral, CustomStringConvertible {
  public let name: String

  public init(_ name: String) { self.name = name }

  public init(stringLiteral name: String) { self.init(name) }

  public var description: String { name }

  public static func < (a: ClientID, b: ClientID) -> Bool { a.name.utf8.lexicographicallyPrecedes(b.name.utf8) }

  /// Letters, digits, dots, hyphens and underscores, as in certificates: equal names have equal bytes.
  var isValid: Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
      }
  }
}

/// The long-term keys by which clients know each other: part of a worker's policy, never sent by the server.
public typealias Roster = [ClientID: P256.Signing.PublicKey]
