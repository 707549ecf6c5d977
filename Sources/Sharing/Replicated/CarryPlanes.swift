import CKernels
import Tensors

/// Both components of a set of bit planes.
struct PlanePair {
  var first: [UInt64]
  var second: [UInt64]

  init(count: Int) {
    first = [UInt64](repeating: 0, count: count)
    second = first
  }

  init(first: [UInt64], second: [UInt64]) {
    self.first = first
    self.second = second
  }
}

/// The nodes of a carry tree: who generates a carry, and who passes one on, lowest bits first.
struct CarryPlanes {
  var nodeCount: Int
  var generate: PlanePair
  var propagate: PlanePair

  typealias Pair = (UnsafePointer<UInt64>, UnsafePointer<UInt64>)

  func withPointers(_ body: (_ generate: Pair, _ propagate: Pair) -> Void) {
    generate.first.withUnsafeBufferPointer { g0 in
      generate.second.withUnsafeBufferPointer { g1 in
        propagate.first.withUnsafeBufferPointer { p0 in
          propagate.second.withUnsafeBufferPointer { p1 in
            guard let g0 = g0.baseAddress, let g1 = g1.baseAddress, let p0 = p0.baseAddress, let p1 = p1.baseAddress
            else { return }
            body((g0, g1), (p0, p1))
          }
        }
      }
    }
  }

  /// Replaces the nodes by their pairs, given the gates of this level: first all PₕᵢGₗₒ, then all PₕᵢPₗₒ but the lowest.
  mutating func fold(first: [UInt64], second: [UInt64], wordCount: Int) {
    CarryPlanes.fold(&generate.first, &propagate.first, first, nodeCount: nodeCount, wordCount: wordCount)
    CarryPlanes.fold(&generate.second, &propagate.second, second, nodeCount: nodeCount, wordCount: wordCount)
    nodeCount = nodeCount / 2 + nodeCount % 2
  }

  private static func fold(
    _ generate: inout [UInt64], _ propagate: inout [UInt64], _ gates: [UInt64], nodeCount: Int, wordCount: Int
  ) {
    let pairCount = nodeCount / 2
    generate.withUnsafeMutableBufferPointer { generate in
      propagate.withUnsafeMutableBufferPointer { propagate in
        gates.withUnsafeBufferPointer { gates in
          guard let g = generate.baseAddress, let p = propagate.baseAddress, let gates = gates.baseAddress
          else { return }
          for pair in 0..<pairCount {
            let high = (2 * pair + 1) * wordCount
            let target = pair * wordCount
            // Nodes are read before the places they move to are written: a pair's target is never above its sources.
            ck_bits_xor(wordCount, g + high, gates + target, g + target)
            if pair > 0 { (p + target).update(from: gates + ((pairCount + pair - 1) * wordCount), count: wordCount) }
          }
          if nodeCount % 2 == 1 {
            let last = (nodeCount - 1) * wordCount
            (g + (pairCount * wordCount)).update(from: g + last, count: wordCount)
            (p + (pairCount * wordCount)).update(from: p + last, count: wordCount)
          }
        }
      }
    }
  }
}

/// How the scalars of a tensor lie in bit planes, and which of them this party plays which role for.
struct PlaneLayout {
  struct Part {
    let role: Role
    let range: Range<Int>
    /// The words of a plane that hold the chunk.
    let words: Range<Int>

    /// What a plane of the chunk takes in a message.
    var byteCount: Int { (range.count + 7) / 8 }
  }

  let count: Int
  let wordCount: Int
  let chunks: [Part]

  init(count: Int, party: Int) {
    self.count = count
    wordCount = (count + 63) / 64
    chunks = Chunk.chunks(of: count).map { chunk in
      Part(
        role: chunk.role(of: party), range: chunk.range,
        words: chunk.range.lowerBound / 64..<(chunk.range.upperBound + 63) / 64)
    }
  }

  /// What a whole plane takes in a message.
  var byteCount: Int { (count + 7) / 8 }

  /// Calls the body with the words of the chunk in each of the first `rows` planes.
  func forEachRow(_ rows: Int, _ chunk: Part, _ body: (Range<Int>) -> Void) {
    for row in 0..<rows {
      body(row * wordCount + chunk.words.lowerBound..<row * wordCount + chunk.words.upperBound)
    }
  }

  /// The summand that this party knows in the clear: x₀ + x₁ where it is role 0, x₂ elsewhere.
  func knownSummand(_ share: ReplicatedShare) -> [UInt64] {
    [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = count
      share.first.scalars.withUnsafeBufferPointer { first in
        share.second.scalars.withUnsafeBufferPointer { second in
          guard let first = first.baseAddress, let second = second.baseAddress, let target = buffer.baseAddress
          else { return }
          for chunk in chunks {
            let start = chunk.range.lowerBound
            let size = chunk.range.count
            switch chunk.role {
            case .first: ck_u64_add(size, first + start, second + start, target + start)
            case .second: (target + start).update(from: second + start, count: size)
            case .third: (target + start).update(from: first + start, count: size)
            }
          }
        }
      }
    }
  }
}

extension PairwiseRandomness.Draws {
  /// Random words for the rows of one chunk; a row begins on an even word of the draw, whatever the plane's length.
  func planes(
    _ key: PairwiseRandomness.Key, _ draw: Int, rows: Int, _ chunk: PlaneLayout.Part, _ layout: PlaneLayout,
    into target: inout [UInt64]
  ) {
    let stride = (layout.wordCount + 1) / 2 * 2
    target.withUnsafeMutableBufferPointer { target in
      if layout.chunks.count == 1, layout.wordCount == stride {
        fill(key, draw, offset: 0, UnsafeMutableBufferPointer(rebasing: target[0..<rows * stride]))
        return
      }
      for row in 0..<rows {
        let start = row * layout.wordCount + chunk.words.lowerBound
        fill(
          key, draw, offset: row * stride + chunk.words.lowerBound,
          UnsafeMutableBufferPointer(rebasing: target[start..<start + chunk.words.count]))
      }
    }
  }
}

extension Outbox {
  /// The rows of one chunk, packed.
  mutating func append(_ planes: [UInt64], rows: Int, _ chunk: PlaneLayout.Part, _ layout: PlaneLayout) {
    reserve(rows * chunk.byteCount)
    planes.withUnsafeBufferPointer { planes in
      guard let base = planes.baseAddress else { return }
      for row in 0..<rows {
        append(plane: base + (row * layout.wordCount + chunk.words.lowerBound), bitCount: chunk.range.count)
      }
    }
  }
}

extension Inbox {
  /// Reads the rows of one chunk.
  mutating func planes(
    into planes: inout [UInt64], rows: Int, _ chunk: PlaneLayout.Part, _ layout: PlaneLayout
  ) {
    planes.withUnsafeMutableBufferPointer { planes in
      guard let base = planes.baseAddress else { return }
      for row in 0..<rows {
        plane(chunk.range.count, into: base + (row * layout.wordCount + chunk.words.lowerBound))
      }
    }
  }
}

extension [UInt64] {
  /// One plane of a set.
  func row(_ index: Int, _ layout: PlaneLayout) -> [UInt64] {
    Array(self[index * layout.wordCount..<(index + 1) * layout.wordCount])
  }
}
