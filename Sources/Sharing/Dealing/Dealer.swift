import Arithmetic
import CKernels
import NIOConcurrencyHelpers
import Tensors
public import Transports

/// Makes correlated randomness: a trusted helper that never sees data and must not work together with any party.
///
/// - Source: Beaver, *Efficient Multiparty Protocols Using Circuit Randomization*, CRYPTO 1991; the correlations are those
///   of `docs/PROTOCOLS.md` 2.2, 2.6 and 3.4.
public final class Dealer: Sendable {
  public let partyCount: Int
  /// How it shares what it deals.
  public let form: DealtForm
  private let masters: [[UInt8]]
  private let generators = NIOLockedValueBox<[String: [PseudorandomGenerator]]>([:])

  /// Programs whose keystreams are kept.
  private static let capacity = 256

  /// A dealer with fresh keys.
  public convenience init(partyCount: Int, form: DealtForm = .additive) {
    self.init(
      masters: (0..<partyCount).map { _ in SecureRandom.bytes(PseudorandomGenerator.keyByteCount) }, form: form)
  }

  package init(masters: [[UInt8]], form: DealtForm = .additive) {
    self.partyCount = masters.count
    self.form = form
    self.masters = masters
  }

  /// A dealer of one program whose parties' keystreams are known: a computing party that deals to the others.
  init(generators: [PseudorandomGenerator], program: String) {
    partyCount = generators.count
    form = .additive
    masters = []
    self.generators.withLockedValue { $0[program] = generators }
  }

  /// The key of one party, for that party alone.
  public func key(ofParty party: PartyID) -> [UInt8] { masters[party] }

  /// What the last party has to add for an operation.
  ///
  /// - Parameter keys: what names the keys of MACs, where there are any.
  public func corrections(for demand: Demand, at place: DealtPlace, keys: String = "") -> Message {
    var dealing = Dealing(generators: generators(of: place.program), place: place)
    guard form == .additive else {
      var dealing = AuthenticatedDealing(dealing, keys: MACKeys.sum(of: masters, name: keys))
      dealing.deal(demand, generators: generators)
      return dealing.corrections
    }
    switch demand {
    case .masks, .inputs, .noise: break
    case .products(let operands, let products): dealProducts(operands, products, &dealing)
    case .truncation(let items): for item in items { Self.dealTruncation(item, &dealing) }
    case .comparison(let count, let width): Self.dealComparison(count, width, &dealing)
    case .selection(let count, let mask): dealSelection(count, mask, &dealing)
    case .conversion(let rows, let count): Self.dealBits(rows, count, &dealing)
    case .decomposition(let count, let width): Self.dealDecomposition(count, width, &dealing)
    case .conjunction(let blocks): for block in blocks { Self.dealTriples(block.rows, block.count, &dealing) }
    case .shuffle(let shapes): Self.dealShuffle(shapes, &dealing)
    }
    return dealing.corrections.message
  }

  /// What a party draws for an operation, where shares have MACs.
  func draws(of party: PartyID, for demand: Demand, at place: DealtPlace, keys: String) -> DealtDraws {
    let isLast = party == partyCount - 1
    return DealtDraws(
      place: place, generator: generators(of: place.program)[party],
      corrections: isLast ? Inbox(corrections(for: demand, at: place, keys: keys)) : nil, observer: nil)
  }

  func generators(of program: String) -> [PseudorandomGenerator] {
    generators.withLockedValue { known in
      if let found = known[program] { return found }
      if known.count >= Self.capacity { known.removeAll() }
      let made = masters.map { DealtKeys.generator(master: $0, program: program) }
      known[program] = made
      return made
    }
  }

  /// C = A · B for each product, over masks that are new or were drawn before.
  private func dealProducts(_ operands: [Demand.Operand], _ products: [Demand.Product], _ dealing: inout Dealing) {
    let masks = operands.map { operand in
      if let mask = operand.mask {
        dealing.value(of: mask, count: operand.count, generators: generators)
      } else {
        dealing.mask(operand.count)
      }
    }
    for product in products {
      var result = [UInt64](repeating: 0, count: product.form.resultShape.count)
      result.withUnsafeMutableBufferPointer { result in
        guard let z = result.baseAddress else { return }
        masks[product.left].withUnsafeBufferPointer { left in
          masks[product.right].withUnsafeBufferPointer { right in
            guard let a = left.baseAddress, let b = right.baseAddress else { return }
            product.form.withScratch { product.form.accumulate(a, b, into: z, scratch: $0) }
          }
        }
      }
      dealing.deal(result)
    }
  }

  private static func dealTruncation(_ item: Demand.Truncated, _ dealing: inout Dealing) {
    let mask = dealing.mask(item.count)
    var top = mask
    var shifted = mask
    ck_dealt_truncate_parts(item.count, UInt32(item.bits), mask, &top, &shifted)
    dealing.deal(top)
    dealing.deal(shifted)
  }

  private static func dealComparison(_ count: Int, _ width: Int, _ dealing: inout Dealing) {
    let tree = dealMonomials(count, width, &dealing)
    for gates in tree.gateCounts { dealTriples(gates, count, &dealing) }
  }

  private static func dealDecomposition(_ count: Int, _ width: Int, _ dealing: inout Dealing) {
    let tree = dealMonomials(count, width, &dealing)
    for gates in tree.prefixLevels { dealTriples(gates.count, count, &dealing) }
  }

  /// r = −A for the mask A: its monomials group by group, and its bit `width − 1`.
  private static func dealMonomials(_ count: Int, _ width: Int, _ dealing: inout Dealing) -> BorrowTree {
    var mask = dealing.mask(count)
    ck_u64_neg(count, mask, &mask)
    let stride = (count + 63) / 64
    var planes = [UInt64](repeating: 0, count: width * stride)
    ck_bitslice(count, UInt32(width), mask, &planes)
    let tree = BorrowTree(width: width)
    var bit = 0
    for size in tree.groupSizes {
      dealing.deal(
        planes: monomials(of: planes[bit * stride..<(bit + size) * stride], size, stride),
        rows: BorrowTree.monomialCount(size), count: count)
      bit += size
    }
    dealing.deal(planes: Array(planes[(width - 1) * stride..<width * stride]), rows: 1, count: count)
    return tree
  }

  /// The product over each non-empty set s of the planes, at place s − 1.
  static func monomials(of planes: ArraySlice<UInt64>, _ size: Int, _ stride: Int) -> [UInt64] {
    var result = [UInt64](repeating: 0, count: BorrowTree.monomialCount(size) * stride)
    result.withUnsafeMutableBufferPointer { result in
      planes.withUnsafeBufferPointer { planes in
        guard let target = result.baseAddress, let planes = planes.baseAddress else { return }
        for bit in 0..<size {
          let own = target + ((1 << bit - 1) * stride)
          own.update(from: planes + (bit * stride), count: stride)
          for lower in 1..<1 << bit {
            ck_bits_and(stride, own, target + ((lower - 1) * stride), target + ((lower + 1 << bit - 1) * stride))
          }
        }
      }
    }
    return result
  }

  /// Triples of bits, `rows` planes.
  private static func dealTriples(_ rows: Int, _ count: Int, _ dealing: inout Dealing) {
    let a = dealing.maskPlanes(rows, count)
    var product = dealing.maskPlanes(rows, count)
    ck_bits_and(product.count, a, product, &product)
    dealing.deal(planes: product, rows: rows, count: count)
  }

  private func dealSelection(_ count: Int, _ mask: DealtMask?, _ dealing: inout Dealing) {
    var value: [UInt64]
    if let mask {
      value = dealing.value(of: mask, count: count, generators: generators)
    } else {
      value = dealing.mask(count)
    }
    let bits = Self.dealBits(1, count, &dealing)
    ck_u64_mul(count, bits, value, &value)
    dealing.deal(value)
  }

  /// Uniform bits, and the same bits as words.
  @discardableResult
  private static func dealBits(_ rows: Int, _ count: Int, _ dealing: inout Dealing) -> [UInt64] {
    let words = unpacked(dealing.maskPlanes(rows, count), rows: rows, count: count)
    dealing.deal(words)
    return words
  }

  /// The bits of planes as words 0 and 1.
  static func unpacked(_ planes: [UInt64], rows: Int, count: Int) -> [UInt64] {
    let stride = (count + 63) / 64
    return [UInt64](unsafeUninitializedCapacity: rows * count) { buffer, initialized in
      initialized = rows * count
      planes.withUnsafeBufferPointer { planes in
        guard let source = planes.baseAddress, let target = buffer.baseAddress else { return }
        for row in 0..<rows { ck_bits_unpack(count, source + (row * stride), target + (row * count)) }
      }
    }
  }

  /// For each party in turn: its permutation of the sum of the others' masks, newly shared.
  private static func dealShuffle(_ shapes: [Shape], _ dealing: inout Dealing) {
    for owner in dealing.generators.indices {
      let order = dealing.order(shapes.first?[0] ?? 0, of: owner)
      for shape in shapes {
        let masks = RingTensor(shape: shape, scalars: dealing.mask(shape.count, without: owner))
        dealing.deal(masks.gatherRows(order).scalars)
      }
    }
  }
}

/// A dealer does not print its keys.
extension Dealer: CustomStringConvertible, CustomReflectable {
  public var description: String { "‹dealer for \(partyCount) parties›" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
