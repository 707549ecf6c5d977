import CKernels
import Tensors

/// What parties with a dealer do on bits that they share additively: gates, signs, and bits times values. All parties but
/// one together see nothing but uniform words; the dealer sees nothing.
///
/// Sources: Beaver, CRYPTO 1991 (triples); Sklansky, *Conditional-Sum Addition Logic*, IRE Transactions 1960 (the prefix
/// of borrows), over the groups of four bits of ``negative(_:width:)``; `docs/PROTOCOLS.md` 3.4. Bytes are of two parties
/// together; for n they grow by n(n − 1)/2.
struct DealtGates<Party: DealtParty> {
  let party: Party
  /// 1 at the party that adds what is public, 0 elsewhere.
  let first: UInt64

  init(_ party: Party) {
    self.party = party
    first = party.first
  }

  func and(_ pairs: [(AdditiveBits, AdditiveBits)]) async throws -> [AdditiveBits] {
    guard pairs.contains(where: { $0.0.shape.count > 0 }) else { return pairs.map(\.0) }
    let counts = pairs.map(\.0.shape.count)
    var draws = try await party.deal(.conjunction(counts.map { Demand.Planes(rows: 1, count: $0) }))
    let triples = counts.map { Triple(&draws, rows: 1, count: $0) }
    let hidden = zip(pairs, triples).map { $1.hidden($0.0.words, $0.1.words) }
    let opened = try await party.openSums(words: [], planes: hidden).planes
    return pairs.indices.map { index in
      AdditiveBits(shape: pairs[index].0.shape, words: triples[index].product(opened[index].words, first: first))
    }
  }

  /// The AND of planes of bits: one round.
  func conjunction(
    _ x: [UInt64], _ y: [UInt64], rows: Int, count: Int, _ draws: inout DealtDraws
  ) async throws -> [UInt64] {
    let triple = Triple(&draws, rows: rows, count: count)
    let opened = try await party.openSums(words: [], planes: [triple.hidden(x, y)]).planes[0]
    return triple.product(opened.words, first: first)
  }

  /// x is E − r for an opened E, whose bits are known, and a dealt r.
  func decompose(_ share: AdditiveShare, width: Int) async throws -> [AdditiveBits] {
    precondition((2...64).contains(width), "a number has 2 to 64 bits, not \(width)")
    let count = share.shape.count
    guard count > 0 else { return (0..<width).map { _ in AdditiveBits(shape: share.shape, words: []) } }
    let demand = Demand.decomposition(count: count, width: width)
    var draws = party.beginDealing(demand)
    let planes = try await openedPlanes(of: share, width: width, &draws).planes
    try await party.receiveCorrections(for: demand, &draws)
    let tree = BorrowTree(width: width)
    var (sums, nodes) = borrowPrefixes(of: planes, tree, count: count, &draws)
    sums.append(topPlane(of: planes, width: width, count: count, &draws))
    for gates in tree.prefixLevels {
      let places = BorrowNodes.places(of: gates)
      let product = try await conjunction(
        nodes.planes(places.x), nodes.planes(places.y), rows: gates.count, count: count, &draws)
      nodes.apply(gates, product)
    }
    return sums.enumerated().map { bit, sum in
      var words = sum
      if bit > 0 { nodes.flip(&words, at: bit - 1) }
      return AdditiveBits(shape: share.shape, words: words)
    }
  }

  /// For each bit below the top: the exclusive-or of E's and r's, and who generates and passes on a borrow from the
  /// beginning of its group to it.
  private func borrowPrefixes(
    of planes: [UInt64], _ tree: BorrowTree, count: Int, _ draws: inout DealtDraws
  ) -> (sums: [[UInt64]], nodes: BorrowNodes) {
    let stride = (count + 63) / 64
    var sums: [[UInt64]] = []
    var nodes = BorrowNodes(nodeCount: tree.groupSizes.reduce(0, +), wordCount: stride)
    for size in tree.groupSizes {
      let monomials = draws.planes(BorrowTree.monomialCount(size), count)
      let start = sums.count
      for bit in 0..<size {
        nodes.withPointers(at: start + bit) { generate, propagate in
          planes.withUnsafeBufferPointer { planes in
            guard let planes = planes.baseAddress else { return }
            ck_monomial_borrow(
              stride, UInt32(bit + 1), first, stride, planes + (start * stride), monomials, generate, propagate)
          }
        }
        let single = (1 << bit - 1) * stride
        var sum = Array(monomials[single..<single + stride])
        if first == 1 {
          ck_bits_xor(stride, sum, Array(planes[(start + bit) * stride..<(start + bit + 1) * stride]), &sum)
        }
        sums.append(sum)
      }
    }
    return (sums, nodes)
  }
}

/// A party's shares of random bits a, b and their products, for gates whose operands are opened under a and b.
private struct Triple {
  let a: [UInt64]
  let b: [UInt64]
  let c: [UInt64]
  let rows: Int
  let count: Int

  init(_ draws: inout DealtDraws, rows: Int, count: Int) {
    a = draws.maskPlanes(rows, count)
    b = draws.maskPlanes(rows, count)
    c = draws.planes(rows, count)
    self.rows = rows
    self.count = count
  }

  /// x ⊕ a and y ⊕ b.
  func hidden(_ x: [UInt64], _ y: [UInt64]) -> PlaneBlock {
    let total = c.count
    let words = [UInt64](unsafeUninitializedCapacity: 2 * total) { buffer, initialized in
      initialized = 2 * total
      guard let base = buffer.baseAddress else { return }
      ck_bits_xor(total, x, a, base)
      ck_bits_xor(total, y, b, base + total)
    }
    return PlaneBlock(words: words, rows: 2 * rows, count: count)
  }

  /// This party's share of x ∧ y.
  func product(_ opened: [UInt64], first: UInt64) -> [UInt64] {
    var result = c
    opened.withUnsafeBufferPointer { opened in
      guard let e = opened.baseAddress else { return }
      result.withUnsafeMutableBufferPointer { result in
        ck_beaver_and(c.count, first, e, e + c.count, a, b, result.baseAddress, result.baseAddress)
      }
    }
    return result
  }
}
