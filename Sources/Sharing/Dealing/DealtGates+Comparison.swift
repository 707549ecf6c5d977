import CKernels
import Tensors

/// The sign of each scalar, by opening it under a mask of which the dealer shares the bits.
///
/// With the opened E = x − A and r = −A, x = E − r: its sign is the exclusive-or of the top bits of E and r and of the borrow
/// into them. E being public, who generates and who passes on a borrow is known bit by bit from r, and for four
/// neighbouring bits is a sum of their products, which the dealer shares: the lowest two levels of the tree cost nothing
/// (`docs/PROTOCOLS.md` 3.4). 1 + ⌈log₂ ⌈(b − 1)/4⌉⌉ rounds; 29 bytes a scalar at b = 64, 21.5 at b = 32; dealt: 32.375 and
/// 15.5 bytes. What the dealer sends is not needed before the second round.
///
/// Bits are sliced: word w of plane j holds bit j of 64 neighbouring scalars.
extension DealtGates {
  func negative(_ share: AdditiveShare, width: Int) async throws -> AdditiveBits {
    precondition((2...64).contains(width), "a comparison is on 2 to 64 bits, not \(width)")
    let count = share.shape.count
    guard count > 0 else { return AdditiveBits(shape: share.shape, words: []) }
    let demand = Demand.comparison(count: count, width: width)
    var draws = party.beginDealing(demand)
    let (origin, planes) = try await openedPlanes(of: share, width: width, &draws)
    try await party.receiveCorrections(for: demand, &draws)
    let tree = BorrowTree(width: width)
    var nodes = borrowNodes(of: planes, tree, count: count, &draws)
    var sign = topPlane(of: planes, width: width, count: count, &draws)
    for gates in tree.gateCounts {
      let places = nodes.places
      nodes.fold(
        try await conjunction(nodes.planes(places.x), nodes.planes(places.y), rows: gates, count: count, &draws))
    }
    ck_bits_xor(sign.count, sign, nodes.generate, &sign)
    return AdditiveBits(shape: share.shape, words: sign, origin: origin)
  }

  /// One round: opens E = x − A, and slices it.
  func openedPlanes(
    of share: AdditiveShare, width: Int, _ draws: inout DealtDraws
  ) async throws -> (AdditiveBits.Origin, planes: [UInt64]) {
    let count = share.shape.count
    let name = draws.nextMask
    let summand = draws.mask(count)
    var hidden = share.summand.scalars
    ck_u64_sub(count, hidden, summand, &hidden)
    let opened = try await party.openSums(words: [hidden])[0]
    var planes = [UInt64](repeating: 0, count: width * ((count + 63) / 64))
    ck_bitslice(count, UInt32(width), opened, &planes)
    return (.init(identity: share.identity, mask: name, opened: opened, summand: summand), planes)
  }

  /// The exclusive-or of the top bits of E, which is public, and of r, which is dealt.
  func topPlane(of planes: [UInt64], width: Int, count: Int, _ draws: inout DealtDraws) -> [UInt64] {
    var top = draws.planes(1, count)
    if first == 1 { ck_bits_xor(top.count, top, Array(planes[((width - 1) * top.count)...]), &top) }
    return top
  }

  /// Shares of who generates and who passes on a borrow, for each group of bits.
  private func borrowNodes(
    of planes: [UInt64], _ tree: BorrowTree, count: Int, _ draws: inout DealtDraws
  ) -> BorrowNodes {
    let stride = (count + 63) / 64
    let nodeCount = tree.groupSizes.count
    var nodes = BorrowNodes(nodeCount: nodeCount, wordCount: stride)
    var bit = 0
    for (group, size) in tree.groupSizes.enumerated() {
      let monomials = draws.planes(BorrowTree.monomialCount(size), count)
      nodes.withPointers(at: group) { generate, propagate in
        planes.withUnsafeBufferPointer { planes in
          guard let planes = planes.baseAddress else { return }
          ck_monomial_borrow(
            stride, UInt32(size), first, stride, planes + (bit * stride), monomials, generate, propagate)
        }
      }
      bit += size
    }
    return nodes
  }
}
