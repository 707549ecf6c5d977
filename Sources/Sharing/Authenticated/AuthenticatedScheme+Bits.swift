import CKernels
import Tensors

/// Bits of numbers and gates on them, as in ``DealtGates``, with a MAC for each bit (`docs/PROTOCOLS.md` 3.4).
extension AuthenticatedScheme {
  /// 1 + ⌈log₂ ⌈(b − 1)/4⌉⌉ rounds.
  public func negative(_ share: AuthenticatedShare, width: Int) async throws -> AuthenticatedBits {
    precondition((2...64).contains(width), "a comparison is on 2 to 64 bits, not \(width)")
    let count = share.shape.count
    guard count > 0 else { return AuthenticatedBits(shape: share.shape, words: [], macs: []) }
    var draws = try await deal(.comparison(count: count, width: width))
    let (mask, planes) = try await openedPlanes(of: share, width: width, &draws)
    let tree = BorrowTree(width: width)
    var nodes = AuthenticatedNodes(nodeCount: tree.groupSizes.count, count: count)
    var bit = 0
    for (group, size) in tree.groupSizes.enumerated() {
      let rows = BorrowTree.monomialCount(size)
      let monomials = draws.planes(rows, count)
      draws.withMACs(rows * count) {
        nodes.set(group, planes, bit: bit, size: size, monomials, macs: $0, keys: keys, first: first)
      }
      bit += size
    }
    var sign = adding(planes, row: width - 1, to: draws.authenticatedPlanes(1, count))
    for _ in tree.gateCounts { nodes.fold(try await conjunction(nodes.places, of: nodes, &draws)) }
    nodes.flip(&sign, at: 0)
    return AuthenticatedBits(
      shape: share.shape, words: sign.words, macs: sign.macs, origin: .init(identity: share.identity, mask: mask))
  }

  /// 1 + ⌈log₂ ⌈(b − 1)/4⌉⌉ rounds.
  public func decompose(_ share: AuthenticatedShare, width: Int) async throws -> [AuthenticatedBits] {
    precondition((2...64).contains(width), "a number has 2 to 64 bits, not \(width)")
    let count = share.shape.count
    guard count > 0 else {
      return (0..<width).map { _ in AuthenticatedBits(shape: share.shape, words: [], macs: []) }
    }
    var draws = try await deal(.decomposition(count: count, width: width))
    let planes = try await openedPlanes(of: share, width: width, &draws).planes
    let tree = BorrowTree(width: width)
    var nodes = AuthenticatedNodes(nodeCount: width - 1, count: count)
    var sums: [AuthenticatedPlanes] = []
    for size in tree.groupSizes {
      let monomials = draws.authenticatedPlanes(BorrowTree.monomialCount(size), count)
      let start = sums.count
      for bit in 0..<size {
        monomials.macs.withUnsafeBytes {
          guard let macs = $0.baseAddress else { return }
          nodes.set(
            start + bit, planes, bit: start, size: bit + 1, monomials.words, macs: macs, keys: keys, first: first)
        }
        sums.append(adding(planes, row: start + bit, to: monomials.plane(1 << bit - 1)))
      }
    }
    sums.append(adding(planes, row: width - 1, to: draws.authenticatedPlanes(1, count)))
    for gates in tree.prefixLevels {
      nodes.apply(gates, try await conjunction(BorrowNodes.places(of: gates), of: nodes, &draws))
    }
    return sums.enumerated().map { bit, sum in
      var sum = sum
      if bit > 0 { nodes.flip(&sum, at: bit - 1) }
      return AuthenticatedBits(shape: share.shape, words: sum.words, macs: sum.macs)
    }
  }

  /// One round for all pairs, 2(n − 1) bits a party and gate.
  public func and(_ pairs: [(AuthenticatedBits, AuthenticatedBits)]) async throws -> [AuthenticatedBits] {
    guard pairs.contains(where: { $0.0.shape.count > 0 }) else { return pairs.map(\.0) }
    let counts = pairs.map(\.0.shape.count)
    var draws = try await deal(.conjunction(counts.map { Demand.Planes(rows: 1, count: $0) }))
    let triples = counts.map { AuthenticatedTriple(&draws, rows: 1, count: $0) }
    let hidden = zip(pairs, triples).flatMap { $1.hidden($0.0.planes, $0.1.planes) }
    let opened = try await openSums([], hidden).planes
    return pairs.indices.map { index in
      let product = triples[index].product(opened[2 * index], opened[2 * index + 1], keys: keys, first: first)
      return AuthenticatedBits(shape: pairs[index].0.shape, words: product.words, macs: product.macs)
    }
  }

  /// The AND of planes of nodes: one round.
  private func conjunction(
    _ places: (x: [BorrowNodes.Place], y: [BorrowNodes.Place]), of nodes: AuthenticatedNodes,
    _ draws: inout DealtDraws
  ) async throws -> AuthenticatedPlanes {
    let triple = AuthenticatedTriple(&draws, rows: places.x.count, count: nodes.count)
    let opened = try await openSums([], triple.hidden(places, of: nodes)).planes
    return triple.product(opened[0], opened[1], keys: keys, first: first)
  }

  /// One round: opens e = x′ − a, and slices what of it counts.
  private func openedPlanes(
    of share: AuthenticatedShare, width: Int, _ draws: inout DealtDraws
  ) async throws -> (AuthenticatedMask, planes: [UInt64]) {
    let count = share.shape.count
    let name = draws.nextMask
    let mask = draws.authenticatedMask(share.shape)
    let opened = try await openSums([share.words - mask]).words[0]
    var planes = [UInt64](repeating: 0, count: width * ((count + 63) / 64))
    ck_bitslice(count, UInt32(width), opened.words, &planes)
    return (AuthenticatedMask(name: name, opened: opened, share: mask), planes)
  }

  /// A plane and one of public planes.
  private func adding(_ planes: [UInt64], row: Int, to plane: AuthenticatedPlanes) -> AuthenticatedPlanes {
    var sum = plane
    let own = Array(planes[row * plane.stride..<(row + 1) * plane.stride])
    if party == 0 { ck_bits_xor(own.count, sum.words, own, &sum.words) }
    ck_gf64_add_where(plane.count, keys.bits, own, &sum.macs)
    return sum
  }
}

extension AuthenticatedBits {
  /// The bits as one plane.
  var planes: AuthenticatedPlanes { AuthenticatedPlanes(words: words, macs: macs, rows: 1, count: shape.count) }
}
