import Arithmetic
import Crypto
import Foundation
import Transports

/// Keystreams of a party's or the dealer's master keys, one for each program.
enum DealtKeys {
  /// HKDF-SHA256 of the master key and the program's name (RFC 5869).
  static func generator(master: [UInt8], program: String) -> PseudorandomGenerator {
    let key = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: master), info: Data("tacit/dealt/1|\(program)".utf8), outputByteCount: 16)
    return key.withUnsafeBytes { PseudorandomGenerator(key: [UInt8]($0)) }
  }
}

/// The correlated randomness of one operation at one party: vectors are taken in the order in which the dealer deals them.
struct DealtDraws {
  /// Hears of the program, the high counter word and the values of the low one.
  typealias Observer = @Sendable (String, UInt64, Range<UInt64>) -> Void

  let place: DealtPlace
  let generator: PseudorandomGenerator
  /// The last party's corrections.
  var corrections: Inbox?
  var observer: Observer?
  /// Where a program is run once more, what stands in the place of MACs; all else is zero then.
  var replayed: Inbox?
  private(set) var draw = 0

  init(place: DealtPlace, generator: PseudorandomGenerator, corrections: Inbox?, observer: Observer?) {
    self.place = place
    self.generator = generator
    self.corrections = corrections
    self.observer = observer
  }

  /// The name of the vector that is taken next.
  var nextMask: DealtMask { DealtMask(place: place, draw: draw) }

  /// A share of uniform words that nobody chooses.
  mutating func mask(_ count: Int) -> [UInt64] {
    defer { draw += 1 }
    return expand(count)
  }

  /// A share of words that the dealer chooses.
  mutating func words(_ count: Int) -> [UInt64] {
    defer { draw += 1 }
    return corrections?.words(count) ?? expand(count)
  }

  /// MACs: a share of words that the dealer chooses, as far as this goes.
  mutating func macs(_ count: Int) -> [UInt64] {
    guard let macs = replayed?.words(count) else { return words(count) }
    draw += 1
    return macs
  }

  /// Passes over a vector.
  mutating func skip() { draw += 1 }

  /// MACs, lent where they lie, which need be no multiple of 8.
  mutating func withMACs(_ count: Int, _ body: (UnsafeRawPointer) -> Void) {
    defer { draw += 1 }
    guard replayed == nil else {
      replayed?.withBytes(8 * count, body)
      return
    }
    guard corrections == nil else {
      corrections?.withBytes(8 * count, body)
      return
    }
    expand(count).withUnsafeBytes { words in
      if count > 0, let base = words.baseAddress { body(base) }
    }
  }

  /// A share of uniform bits, `rows` planes of `count`.
  mutating func maskPlanes(_ rows: Int, _ count: Int) -> [UInt64] {
    defer { draw += 1 }
    return expand(rows * ((count + 63) / 64))
  }

  /// A share of bits that the dealer chooses.
  mutating func planes(_ rows: Int, _ count: Int) -> [UInt64] {
    defer { draw += 1 }
    return corrections?.planes(rows, bitCount: count) ?? expand(rows * ((count + 63) / 64))
  }

  /// A permutation that this party and the dealer know; `nil` where it is another party's.
  mutating func order(_ count: Int, isOwn: Bool) -> [Int]? {
    defer { draw += 1 }
    guard isOwn else { return nil }
    return generator.order(count, at: place, draw: draw)
  }

  private func expand(_ count: Int) -> [UInt64] {
    guard replayed == nil else { return [UInt64](repeating: 0, count: count) }
    let low = UInt64(draw) << 48
    observer?(place.program, place.counterHigh, low..<low + UInt64((count + 1) / 2))
    return generator.words(count: count, counterHigh: place.counterHigh, counterLow: low)
  }
}

extension Inbox {
  /// Reads packed planes into whole words each.
  mutating func planes(_ rows: Int, bitCount: Int) -> [UInt64] {
    let stride = (bitCount + 63) / 64
    var planes = [UInt64](repeating: 0, count: rows * stride)
    planes.withUnsafeMutableBufferPointer { target in
      guard let base = target.baseAddress else { return }
      for row in 0..<rows { plane(bitCount, into: base + (row * stride)) }
    }
    return planes
  }
}

extension Outbox {
  /// Packs planes of whole words.
  mutating func append(planes: [UInt64], rows: Int, bitCount: Int) {
    let stride = (bitCount + 63) / 64
    reserve(rows * ((bitCount + 7) / 8))
    planes.withUnsafeBufferPointer { planes in
      guard let base = planes.baseAddress else { return }
      for row in 0..<rows { append(plane: base + (row * stride), bitCount: bitCount) }
    }
  }
}
