import Foundation
import Sharing
import Transports

/// A message between a client and a party: a control part in JSON, and ring words or keys behind it as they are.
///
/// Layout: 4 bytes length of the control part (little-endian, at most 64 MiB), the control part, the body.
struct ServingFrame<Control: Codable & Sendable>: Sendable {
  static var largestControl: Int { 64 << 20 }

  var control: Control
  var body: ArraySlice<UInt8>

  init(_ control: Control, body: [UInt8] = []) {
    self.control = control
    self.body = body[...]
  }

  var message: Message {
    get throws {
      let control = try JSONEncoder().encode(control)
      var message = Message()
      message.reserveCapacity(4 + control.count + body.count)
      withUnsafeBytes(of: UInt32(control.count).littleEndian) { message.append(contentsOf: $0) }
      message.append(contentsOf: control)
      message.append(contentsOf: body)
      return message
    }
  }

  /// - Throws: ``ServingError/malformedMessage`` for anything else than such a frame.
  init(_ message: Message) throws {
    guard message.count >= 4 else { throw ServingError.malformedMessage }
    let length = message[0..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= Self.largestControl, length <= message.count - 4 else { throw ServingError.malformedMessage }
    guard let control = try? JSONDecoder().decode(Control.self, from: Data(message[4..<4 + length])) else {
      throw ServingError.malformedMessage
    }
    self.control = control
    body = message[(4 + length)...]
  }
}

/// Ring words as little-endian bytes.
enum WordBytes {
  static func bytes(of words: [UInt64]) -> [UInt8] {
    words.withUnsafeBytes { [UInt8]($0) }
  }

  /// `nil` where the bytes are no whole number of words.
  static func words(in bytes: ArraySlice<UInt8>) -> [UInt64]? {
    guard bytes.count % 8 == 0 else { return nil }
    return [UInt64](unsafeUninitializedCapacity: bytes.count / 8) { buffer, initialized in
      bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
      initialized = bytes.count / 8
    }
  }
}

extension InputSharing.Parcel {
  /// One byte that says which keys follow, the keys, the words.
  var bytes: [UInt8] {
    let held = keys.keys.sorted()
    var bytes = [UInt8(held.reduce(0) { $0 | 1 << $1 })]
    for component in held { bytes += keys[component] ?? [] }
    return bytes + WordBytes.bytes(of: words)
  }

  /// - Throws: ``ServingError/malformedMessage``.
  init(bytes: ArraySlice<UInt8>) throws {
    guard let flags = bytes.first, flags < 4 else { throw ServingError.malformedMessage }
    var rest = bytes.dropFirst()
    var keys: [Int: [UInt8]] = [:]
    for component in 0..<2 where flags & 1 << UInt8(component) != 0 {
      guard rest.count >= 16 else { throw ServingError.malformedMessage }
      keys[component] = Array(rest.prefix(16))
      rest = rest.dropFirst(16)
    }
    guard let words = WordBytes.words(in: rest) else { throw ServingError.malformedMessage }
    self.init(keys: keys, words: words)
  }
}

extension AdditiveSharing.Parcel {
  /// The key, or the words at the last party.
  var bytes: [UInt8] { key + WordBytes.bytes(of: words) }

  /// - Throws: ``ServingError/malformedMessage``.
  init(bytes: ArraySlice<UInt8>, party: Int, partyCount: Int) throws {
    guard party == partyCount - 1 else {
      self.init(key: Array(bytes), words: [])
      return
    }
    guard let words = WordBytes.words(in: bytes) else { throw ServingError.malformedMessage }
    self.init(key: [], words: words)
  }
}
