internal import Arithmetic
internal import Foundation

/// What each end says first on a new connection, as JSON: who speaks which version, and where the session stands.
struct Hello: Codable, Equatable {
  /// The version of everything in this room that goes over the wire.
  static let currentVersion = 1
  static let largest = 4096

  var version: Int
  /// The program, for the other end's log.
  var software: String
  /// The session's random number, 32 hexadecimal digits.
  var session: String
  /// Whether the session has been opened before.
  var resumes: Bool
  /// How many pieces have come.
  var received: UInt64
  /// How many pieces may be sent.
  var granted: UInt64
  /// Why the connection is not wanted, as one clause.
  var refusal: String?

  static func newSession() -> String { Hexadecimal.text(SecureRandom.bytes(16)) }

  init(
    of software: LinkSoftware, session: String, resumes: Bool = false, received: UInt64 = 0, granted: UInt64 = 0,
    refusal: String? = nil
  ) {
    version = software.version
    self.software = software.name
    self.session = session
    self.resumes = resumes
    self.received = received
    self.granted = granted
    self.refusal = refusal
  }

  func encoded() -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    // Strings and whole numbers always have a JSON form.
    return (try? encoder.encode(self)).map { Array($0) } ?? []
  }

  /// Reads a peer's greeting; one of another version may have a form of its own.
  static func decode(_ bytes: [UInt8], from peer: String, here: Int) throws(LinkError) -> Hello {
    struct Version: Decodable { let version: Int }
    let data = Data(bytes)
    guard let there = try? JSONDecoder().decode(Version.self, from: data).version else {
      throw .malformedFrame(from: peer, reason: "its greeting cannot be read")
    }
    guard there == here else { throw .wrongVersion(peer: peer, here: here, there: there) }
    guard let hello = try? JSONDecoder().decode(Hello.self, from: data),
      hello.session.utf8.count == 32 || hello.refusal != nil, hello.software.utf8.count <= 200,
      (hello.refusal?.utf8.count ?? 0) <= 1000
    else { throw .malformedFrame(from: peer, reason: "its greeting cannot be read") }
    return hello
  }
}

/// What a program calls itself, for the other end's log, and which version of the protocol it speaks.
public struct LinkSoftware: Hashable, Sendable {
  public var name: String
  package var version = Hello.currentVersion

  public init(_ name: String = "tacit") { self.name = name }
}
