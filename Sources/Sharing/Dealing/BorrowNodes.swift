import CKernels

/// The nodes of a borrow tree at one party: who generates a borrow and who passes one on, lowest bits first.
struct BorrowNodes {
  private(set) var nodeCount: Int
  private(set) var generate: [UInt64]
  private(set) var propagate: [UInt64]
  private let wordCount: Int

  init(nodeCount: Int, wordCount: Int) {
    self.nodeCount = nodeCount
    self.wordCount = wordCount
    generate = [UInt64](repeating: 0, count: nodeCount * wordCount)
    propagate = generate
  }

  /// The planes of one node.
  mutating func withPointers(
    at node: Int, _ body: (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>) -> Void
  ) {
    let start = node * wordCount
    generate.withUnsafeMutableBufferPointer { generate in
      propagate.withUnsafeMutableBufferPointer { propagate in
        guard let g = generate.baseAddress, let p = propagate.baseAddress else { return }
        body(g + start, p + start)
      }
    }
  }

  /// A plane of the nodes.
  struct Place {
    let node: Int
    let isGenerate: Bool
  }

  /// What the gates of the next level multiply: for each pair Pₕᵢ and Gₗₒ, then for all pairs but the lowest Pₕᵢ and Pₗₒ.
  var places: (x: [Place], y: [Place]) {
    let pairs = Array(0..<nodeCount / 2)
    let x = (pairs + pairs.dropFirst()).map { Place(node: 2 * $0 + 1, isGenerate: false) }
    let y =
      pairs.map { Place(node: 2 * $0, isGenerate: true) }
      + pairs.dropFirst().map { Place(node: 2 * $0, isGenerate: false) }
    return (x, y)
  }

  /// What the gates of a prefix's level multiply.
  static func places(of gates: [CarryPlanes.Gate]) -> (x: [Place], y: [Place]) {
    (
      gates.map { Place(node: $0.high, isGenerate: false) },
      gates.map { Place(node: $0.low, isGenerate: !$0.passesOn) }
    )
  }

  /// Planes, one after the other.
  func planes(_ places: [Place]) -> [UInt64] {
    made(places) { _, plane, target in target.update(from: plane, count: wordCount) }
  }

  /// The same, plus as many others.
  func planes(_ places: [Place], adding others: [UInt64]) -> [UInt64] {
    others.withUnsafeBufferPointer { others in
      made(places) { row, plane, target in
        if let base = others.baseAddress { ck_bits_xor(wordCount, plane, base + row * wordCount, target) }
      }
    }
  }

  private func made(
    _ places: [Place], _ write: (Int, UnsafePointer<UInt64>, UnsafeMutablePointer<UInt64>) -> Void
  ) -> [UInt64] {
    let count = places.count * wordCount
    return [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = count
      generate.withUnsafeBufferPointer { generate in
        propagate.withUnsafeBufferPointer { propagate in
          guard let g = generate.baseAddress, let p = propagate.baseAddress, let target = buffer.baseAddress else {
            return
          }
          for (row, place) in places.enumerated() {
            write(row, (place.isGenerate ? g : p) + place.node * wordCount, target + row * wordCount)
          }
        }
      }
    }
  }

  /// Replaces the nodes by their pairs: (G, P)ₕᵢ ∘ (G, P)ₗₒ = (Gₕᵢ ⊕ PₕᵢGₗₒ, PₕᵢPₗₒ); an odd node at the top moves up unchanged;
  /// the lowest node needs no P.
  mutating func fold(_ gates: [UInt64]) {
    let (nodeCount, pairCount, wordCount) = (nodeCount, nodeCount / 2, wordCount)
    func inPlace(
      _ planes: inout [UInt64], _ body: (UnsafeMutablePointer<UInt64>, UnsafePointer<UInt64>) -> Void
    ) {
      planes.withUnsafeMutableBufferPointer { planes in
        gates.withUnsafeBufferPointer { gates in
          guard let base = planes.baseAddress, let gates = gates.baseAddress else { return }
          body(base, gates)
          guard nodeCount % 2 == 1 else { return }
          (base + pairCount * wordCount).update(from: base + (nodeCount - 1) * wordCount, count: wordCount)
        }
      }
    }
    // A place is written when it has been read.
    inPlace(&generate) { planes, gates in
      for pair in 0..<pairCount {
        let place = pair * wordCount
        ck_bits_xor(wordCount, planes + (2 * pair + 1) * wordCount, gates + place, planes + place)
      }
    }
    inPlace(&propagate) { planes, gates in
      for pair in 1..<max(pairCount, 1) {
        (planes + pair * wordCount).update(from: gates + (pairCount + pair - 1) * wordCount, count: wordCount)
      }
    }
    self.nodeCount = pairCount + nodeCount % 2
  }

  /// Puts the results of a prefix's level in place.
  mutating func apply(_ gates: [CarryPlanes.Gate], _ product: [UInt64]) {
    for (index, gate) in gates.enumerated() {
      for word in 0..<wordCount {
        let value = product[index * wordCount + word]
        let target = gate.high * wordCount + word
        if gate.passesOn { propagate[target] = value } else { generate[target] ^= value }
      }
    }
  }

  /// Flips the bits of a plane that a borrow from a node reaches.
  func flip(_ words: inout [UInt64], at node: Int) {
    for word in 0..<wordCount { words[word] ^= generate[node * wordCount + word] }
  }
}
