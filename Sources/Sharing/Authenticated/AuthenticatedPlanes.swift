import CKernels

extension AuthenticatedPlanes {
  func plane(_ row: Int) -> AuthenticatedPlanes {
    AuthenticatedPlanes(
      words: Array(words[row * stride..<(row + 1) * stride]), macs: Array(macs[row * count..<(row + 1) * count]),
      rows: 1, count: count)
  }

  static func ^ (a: AuthenticatedPlanes, b: AuthenticatedPlanes) -> AuthenticatedPlanes {
    AuthenticatedPlanes(
      words: sum(a.words, b.words), macs: sum(a.macs, b.macs), rows: a.rows, count: a.count)
  }

  private static func sum(_ a: [UInt64], _ b: [UInt64]) -> [UInt64] {
    [UInt64](unsafeUninitializedCapacity: a.count) { buffer, initialized in
      if let base = buffer.baseAddress { ck_bits_xor(a.count, a, b, base) }
      initialized = a.count
    }
  }
}

/// A party's shares of random bits a, b and their products, for gates whose operands are opened under a and b.
struct AuthenticatedTriple {
  private let a: AuthenticatedPlanes
  private let b: AuthenticatedPlanes
  private let c: AuthenticatedPlanes

  init(_ draws: inout DealtDraws, rows: Int, count: Int) {
    a = draws.authenticatedMaskPlanes(rows, count)
    b = draws.authenticatedMaskPlanes(rows, count)
    c = draws.authenticatedPlanes(rows, count)
  }

  /// x ⊕ a and y ⊕ b.
  func hidden(_ x: AuthenticatedPlanes, _ y: AuthenticatedPlanes) -> [AuthenticatedPlanes] { [x ^ a, y ^ b] }

  func hidden(
    _ places: (x: [BorrowNodes.Place], y: [BorrowNodes.Place]), of nodes: AuthenticatedNodes
  ) -> [AuthenticatedPlanes] {
    [nodes.planes(places.x, adding: a), nodes.planes(places.y, adding: b)]
  }

  /// This party's share of x ∧ y.
  func product(_ e: [UInt64], _ f: [UInt64], keys: MACKeys, first: UInt64) -> AuthenticatedPlanes {
    var result = c
    ck_beaver_and(e.count, first, e, f, a.words, b.words, c.words, &result.words)
    let (stride, count) = (c.stride, c.count)
    result.macs.withUnsafeMutableBufferPointer { z in
      a.macs.withUnsafeBufferPointer { a in
        b.macs.withUnsafeBufferPointer { b in
          e.withUnsafeBufferPointer { e in
            f.withUnsafeBufferPointer { f in
              guard let z = z.baseAddress, let a = a.baseAddress, let b = b.baseAddress, let e = e.baseAddress,
                let f = f.baseAddress
              else { return }
              for row in 0..<c.rows {
                ck_gf64_beaver_and(
                  count, keys.bits, e + row * stride, f + row * stride, a + row * count, b + row * count,
                  z + row * count)
              }
            }
          }
        }
      }
    }
    return result
  }
}

/// The nodes of a borrow tree at one party, as bits and as MACs.
struct AuthenticatedNodes {
  private var bits: BorrowNodes
  private var macs: BorrowNodes
  let count: Int

  init(nodeCount: Int, count: Int) {
    self.count = count
    bits = BorrowNodes(nodeCount: nodeCount, wordCount: (count + 63) / 64)
    macs = BorrowNodes(nodeCount: nodeCount, wordCount: count)
  }

  /// Who generates and who passes on a borrow, for `size` bits of the public planes from one on.
  mutating func set(
    _ node: Int, _ planes: [UInt64], bit: Int, size: Int, _ monomials: [UInt64], macs: UnsafeRawPointer, keys: MACKeys,
    first: UInt64
  ) {
    let (stride, count) = ((count + 63) / 64, count)
    planes.withUnsafeBufferPointer { planes in
      guard let planes = planes.baseAddress.map({ $0 + bit * stride }) else { return }
      bits.withPointers(at: node) {
        ck_monomial_borrow(stride, UInt32(size), first, stride, planes, monomials, $0, $1)
      }
      self.macs.withPointers(at: node) {
        ck_gf64_monomial_borrow(count, UInt32(size), keys.bits, stride, planes, macs, $0, $1)
      }
    }
  }

  /// What the gates of the next level multiply.
  var places: (x: [BorrowNodes.Place], y: [BorrowNodes.Place]) { bits.places }

  /// Planes, one after the other, plus as many others.
  func planes(_ places: [BorrowNodes.Place], adding others: AuthenticatedPlanes) -> AuthenticatedPlanes {
    AuthenticatedPlanes(
      words: bits.planes(places, adding: others.words), macs: macs.planes(places, adding: others.macs),
      rows: places.count, count: count)
  }

  mutating func fold(_ gates: AuthenticatedPlanes) {
    bits.fold(gates.words)
    macs.fold(gates.macs)
  }

  mutating func apply(_ gates: [CarryPlanes.Gate], _ product: AuthenticatedPlanes) {
    bits.apply(gates, product.words)
    macs.apply(gates, product.macs)
  }

  func flip(_ plane: inout AuthenticatedPlanes, at node: Int) {
    bits.flip(&plane.words, at: node)
    macs.flip(&plane.macs, at: node)
  }
}
