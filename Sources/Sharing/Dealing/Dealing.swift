import Arithmetic
import CKernels
import Tensors
import Transports

/// The dealer's side of one operation: knows every party's words, chooses what depends on them, and writes down what the
/// last party has to add. The vectors come in the order in which ``DealtDraws`` takes them.
struct Dealing {
  /// One keystream a party.
  let generators: [PseudorandomGenerator]
  let place: DealtPlace
  var corrections = Outbox()
  var draw = 0

  init(generators: [PseudorandomGenerator], place: DealtPlace) {
    self.generators = generators
    self.place = place
  }

  /// The sum of what all parties expand.
  mutating func mask(_ count: Int) -> [UInt64] {
    defer { draw += 1 }
    return sum(generators[...], count, at: place, draw: draw)
  }

  /// The sum of what all parties but one expand.
  mutating func mask(_ count: Int, without party: PartyID) -> [UInt64] {
    defer { draw += 1 }
    return sum(generators[..<party] + generators[(party + 1)...], count, at: place, draw: draw)
  }

  /// The permutation that one party expands.
  mutating func order(_ count: Int, of party: PartyID) -> [Int] {
    defer { draw += 1 }
    return generators[party].order(count, at: place, draw: draw)
  }

  /// The exclusive-or of what all parties expand.
  mutating func maskPlanes(_ rows: Int, _ count: Int) -> [UInt64] {
    defer { draw += 1 }
    return exclusiveSum(generators[...], rows * ((count + 63) / 64))
  }

  /// Shares chosen words: the last party gets what the others' words leave.
  mutating func deal(_ words: [UInt64]) {
    var rest = words
    for generator in generators.dropLast() {
      ck_u64_sub(rest.count, rest, expand(generator, rest.count, at: place, draw: draw), &rest)
    }
    corrections.append(rest)
    draw += 1
  }

  /// Shares chosen bits.
  mutating func deal(planes: [UInt64], rows: Int, count: Int) {
    var rest = planes
    for generator in generators.dropLast() {
      ck_bits_xor(rest.count, rest, expand(generator, rest.count, at: place, draw: draw), &rest)
    }
    corrections.append(planes: rest, rows: rows, bitCount: count)
    draw += 1
  }

  /// The value of a mask that was drawn at another place of the session.
  func value(
    of mask: DealtMask, count: Int, generators: (String) -> [PseudorandomGenerator]
  ) -> [UInt64] {
    let keys = mask.place.program == place.program ? self.generators : generators(mask.place.program)
    return sum(keys[...], count, at: mask.place, draw: mask.draw)
  }

  private func sum(
    _ generators: ArraySlice<PseudorandomGenerator>, _ count: Int, at place: DealtPlace, draw: Int
  ) -> [UInt64] {
    var total = [UInt64](repeating: 0, count: count)
    for generator in generators { ck_u64_add(count, total, expand(generator, count, at: place, draw: draw), &total) }
    return total
  }

  func exclusiveSum(_ generators: ArraySlice<PseudorandomGenerator>, _ count: Int) -> [UInt64] {
    var total = [UInt64](repeating: 0, count: count)
    for generator in generators { ck_bits_xor(count, total, expand(generator, count, at: place, draw: draw), &total) }
    return total
  }

  func expand(_ generator: PseudorandomGenerator, _ count: Int, at place: DealtPlace, draw: Int) -> [UInt64] {
    generator.words(count: count, counterHigh: place.counterHigh, counterLow: UInt64(draw) << 48)
  }
}

extension PseudorandomGenerator {
  /// A permutation of `0..<count` from one draw.
  func order(_ count: Int, at place: DealtPlace, draw: Int) -> [Int] {
    RandomPermutation.order(of: count) { offset, count in
      words(count: count, counterHigh: place.counterHigh, counterLow: UInt64(draw) << 48 | UInt64(offset / 2))
    }
  }
}
