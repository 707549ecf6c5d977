package import Sharing
import Tensors

/// Tells on shares which vectors hold to a norm bound, and opens that one bit of each.
///
/// A vector has words from 0 to 2^bits − 1, half of which stands for zero: first the update times its weight, `u`, then the
/// weight `w`, then others. It is accepted if every word is in that range, `w` is not negative, and
/// `‖u‖ ≤ ρ w + σ`, where ρ is the bound in units of the range of values and σ what rounding to words can add:
/// `σ = (√n + ρ) / 2 + 1`. So no vector that was made by the rules is refused. All of it is exact in the ring but for
/// long vectors of many bits, whose squares are divided by a power of two 2^s before they are added up: then the bound is
/// larger by less than √2^s (1 + √blocks).
///
/// - Cost: two comparisons of 64 bits a word, and a few a vector.
package struct NormCheck: Codable, Hashable, Sendable {
  /// How many words are the update.
  package let valueCount: Int
  package let bits: Int
  /// ρ in steps of 2^-16, rounded up.
  private let ratio: Int

  /// - Parameter ratio: the norm bound, divided by the bound of a value.
  package init(valueCount: Int, bits: Int, ratio: Double) {
    self.valueCount = valueCount
    self.bits = bits
    // No update within the range of values is longer than that.
    let longest = Double(max(valueCount, 1)).squareRoot()
    self.ratio = Int((min(ratio, longest) * (1 + 0x1p-20) * 0x1p16).rounded(.up))
  }

  func fits(count: Int) -> Bool {
    (1...SharedSum.largestCount).contains(valueCount) && valueCount < count && (8...32).contains(bits)
      && (0...Int((Double(valueCount).squareRoot() * 0x1p17).rounded(.up))).contains(ratio)
  }

  private static let fraction = 16
  /// Words of all vectors that are compared at once.
  private static let groupCount = 1 << 20

  /// The word of zero.
  private var centre: UInt64 { UInt64(1) << UInt64(bits - 1) - 1 }

  /// Bits that squares are shortened by, an even number: sums of squares stay below 2^60.
  private var shortening: Int {
    let logarithm = Int.bitWidth - (valueCount - 1).leadingZeroBitCount
    let excess = max(0, 2 * (bits - 1) + logarithm - 60)
    return excess + excess % 2
  }

  /// How many squares are added up before they are shortened: their sum stays below 2^62.
  private var blockSize: Int { shortening == 0 ? valueCount : min(valueCount, 1 << (64 - 2 * bits)) }

  /// Which vectors are accepted: that, and nothing else, every party learns.
  package func accepted<Scheme: SharingScheme>(
    _ vectors: [Scheme.Share], on scheme: Scheme
  ) async throws -> [Bool] {
    guard let length = vectors.first?.shape.count else { return [] }
    let size = max(1, Self.groupCount / length)
    var accepted: [Bool] = []
    for start in stride(from: 0, to: vectors.count, by: size) {
      let group = Array(vectors[start..<min(start + size, vectors.count)])
      let inRange = try await inRange(group, on: scheme)
      let short = try await short(group, on: scheme)
      let both = try await scheme.and([(inRange, short)])[0]
      let words = try await scheme.open([try await scheme.convert(both)])[0]
      accepted += words.scalars.map { $0 == 1 }
    }
    return accepted
  }

  /// Whether every word is from 0 to 2^bits − 1 and the weight not negative, a bit a vector.
  private func inRange<Scheme: SharingScheme>(
    _ vectors: [Scheme.Share], on scheme: Scheme
  ) async throws -> Scheme.Bits {
    let largest = UInt64(1) << UInt64(bits) - 1
    let checked = vectors.map { vector -> Scheme.Share in
      let distance = scheme.add(scheme.scale(vector, by: .max), word: largest)
      return scheme.concatenate([vector, distance, weight(of: vector, on: scheme)], axis: 0)
    }
    let all = scheme.not(try await scheme.negative(scheme.concatenate(checked, axis: 0), width: 64))
    let length = checked[0].shape.count
    var rest = vectors.indices.map { scheme.slice(all, $0 * length..<($0 + 1) * length) }
    while let count = rest.first?.shape.count, count > 1 {
      let half = count / 2
      let joined = try await scheme.and(
        rest.map { (scheme.slice($0, 0..<half), scheme.slice($0, half..<2 * half)) })
      rest = zip(joined, rest).map { joined, bits in
        count % 2 == 0 ? joined : scheme.concatenate([joined, scheme.slice(bits, count - 1..<count)])
      }
    }
    return scheme.concatenate(rest)
  }

  /// Whether `‖u‖² ≤ (ρ w + σ)²`, a bit a vector; garbage where a word is out of range.
  private func short<Scheme: SharingScheme>(
    _ vectors: [Scheme.Share], on scheme: Scheme
  ) async throws -> Scheme.Bits {
    let (squares, blocks) = try await squares(vectors, on: scheme)
    let limits = try await limits(vectors, on: scheme)
    let room = scheme.add(scheme.subtract(limits, squares), word: UInt64(shortening == 0 ? 0 : blocks))
    return scheme.not(try await scheme.negative(room, width: 64))
  }

  /// `‖u‖² / 2^s` of each vector, and of how many rounded parts it is the sum.
  private func squares<Scheme: SharingScheme>(
    _ vectors: [Scheme.Share], on scheme: Scheme
  ) async throws -> (Scheme.Share, blocks: Int) {
    let starts = Array(stride(from: 0, to: valueCount, by: blockSize))
    let pairs = vectors.flatMap { vector -> [Multiplication<Scheme.Share>] in
      let centred = scheme.add(vector, word: 0 &- centre)
      return starts.map { start in
        let range = start..<min(start + blockSize, valueCount)
        let block = scheme.map(centred, to: [1, range.count]) {
          $0.sliced(axis: 0, range).reshaped(to: [1, range.count])
        }
        return Multiplication(
          .matmul(m: 1, k: range.count, n: 1, transposeLeft: false, transposeRight: true), block, block)
      }
    }
    let products = try await scheme.multiply(pairs)
    let sums =
      shortening == 0
      ? try await scheme.reduce(products)
      : try await scheme.truncate(products.map { Truncation($0, by: shortening) })
    let joined = scheme.concatenate(sums.map { share in scheme.map(share, to: [1]) { $0.reshaped(to: [1]) } }, axis: 0)
    let (count, blocks) = (vectors.count, starts.count)
    let totals = scheme.map(joined, to: [count]) { words in
      RingTensor(
        shape: [count],
        scalars: (0..<count).map { vector in
          words.scalars[vector * blocks..<(vector + 1) * blocks].reduce(0, &+)
        })
    }
    return (totals, blocks)
  }

  /// `(ρ w + σ)² / 2^s` of each vector, rounded up.
  private func limits<Scheme: SharingScheme>(
    _ vectors: [Scheme.Share], on scheme: Scheme
  ) async throws -> Scheme.Share {
    let unit = Double(1 << Self.fraction)
    let slack = ((Double(valueCount).squareRoot() + Double(ratio) / unit) / 2 + 1) * unit
    let weights = scheme.concatenate(vectors.map { weight(of: $0, on: scheme) }, axis: 0)
    let scaled = scheme.add(scheme.scale(weights, by: UInt64(ratio)), word: UInt64(slack.rounded(.up)))
    let rounded = try await scheme.truncate([
      Truncation(scheme.product(scaled, by: 1), by: Self.fraction + shortening / 2)
    ])[0]
    // Truncation may round down.
    let limit = scheme.add(rounded, word: 1)
    let squared = try await scheme.multiply([Multiplication(.elementwise([vectors.count]), limit, limit)])
    return try await scheme.reduce(squared)[0]
  }

  /// A vector's weight, of shape `[1]`.
  private func weight<Scheme: SharingScheme>(of vector: Scheme.Share, on scheme: Scheme) -> Scheme.Share {
    let place = valueCount
    let word = scheme.map(vector, to: [1]) { $0.sliced(axis: 0, place..<place + 1) }
    return scheme.add(word, word: 0 &- centre)
  }
}
