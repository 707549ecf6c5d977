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

  /// What the gates of the next level multiply: for each pair Pₕᵢ and Gₗₒ, then for all pairs but the lowest Pₕᵢ and Pₗₒ.
  func operands(gates: Int) -> (x: [UInt64], y: [UInt64]) {
    let pairCount = nodeCount / 2
    var x = [UInt64](reservingCapacity: gates * wordCount)
    var y = [UInt64](reservingCapacity: gates * wordCount)
    for pair in 0..<pairCount {
      x += plane(2 * pair + 1, of: propagate)
      y += plane(2 * pair, of: generate)
    }
    for pair in 1..<max(pairCount, 1) {
      x += plane(2 * pair + 1, of: propagate)
      y += plane(2 * pair, of: propagate)
    }
    return (x, y)
  }

  /// Replaces the nodes by their pairs: (G, P)ₕᵢ ∘ (G, P)ₗₒ = (Gₕᵢ ⊕ PₕᵢGₗₒ, PₕᵢPₗₒ); an odd node at the top moves up unchanged;
  /// the lowest node needs no P.
  mutating func fold(_ gates: [UInt64]) {
    let pairCount = nodeCount / 2
    let count = pairCount + nodeCount % 2
    var nextGenerate = [UInt64](repeating: 0, count: count * wordCount)
    var nextPropagate = nextGenerate
    for pair in 0..<pairCount {
      for word in 0..<wordCount {
        nextGenerate[pair * wordCount + word] =
          generate[(2 * pair + 1) * wordCount + word] ^ gates[pair * wordCount + word]
      }
      guard pair > 0 else { continue }
      for word in 0..<wordCount {
        nextPropagate[pair * wordCount + word] = gates[(pairCount + pair - 1) * wordCount + word]
      }
    }
    if nodeCount % 2 == 1 {
      nextGenerate.replaceSubrange((pairCount * wordCount)..., with: plane(nodeCount - 1, of: generate))
      nextPropagate.replaceSubrange((pairCount * wordCount)..., with: plane(nodeCount - 1, of: propagate))
    }
    generate = nextGenerate
    propagate = nextPropagate
    nodeCount = count
  }

  /// What the gates of a prefix's level multiply.
  func operands(of gates: [CarryPlanes.Gate]) -> (x: [UInt64], y: [UInt64]) {
    var x = [UInt64](reservingCapacity: gates.count * wordCount)
    var y = [UInt64](reservingCapacity: gates.count * wordCount)
    for gate in gates {
      x += plane(gate.high, of: propagate)
      y += plane(gate.low, of: gate.passesOn ? propagate : generate)
    }
    return (x, y)
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

  private func plane(_ node: Int, of planes: [UInt64]) -> ArraySlice<UInt64> {
    planes[node * wordCount..<(node + 1) * wordCount]
  }
}
