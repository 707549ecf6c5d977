import Arithmetic
import CKernels
import Privacy
import Tensors
import Transports

/// The dealer's side of one operation on shares that have MACs: what ``Dealer`` does for shares that have none, and a MAC of
/// everything. The vectors come in the order in which parties take them.
struct AuthenticatedDealing {
  typealias Generators = (String) -> [PseudorandomGenerator]

  private var base: Dealing
  private let keys: MACKeys

  init(_ base: Dealing, keys: MACKeys) {
    self.base = base
    self.keys = keys
  }

  var corrections: Message { base.corrections.message }

  mutating func deal(_ demand: Demand, generators: Generators) {
    switch demand {
    case .masks(let counts): for count in counts { _ = mask([count]) }
    case .products(let operands, let products): dealProducts(operands, products, generators)
    case .truncation(let items): for item in items { dealTruncation(item) }
    case .comparison(let count, let width):
      dealMonomials(count, width)
      for gates in BorrowTree(width: width).gateCounts { dealTriples(gates, count) }
    case .selection(let count, let name): dealSelection(count, name, generators)
    case .conversion(let rows, let count): dealBits(rows, count)
    case .decomposition(let count, let width):
      dealMonomials(count, width)
      for gates in BorrowTree(width: width).prefixLevels { dealTriples(gates.count, count) }
    case .conjunction(let blocks): for block in blocks { dealTriples(block.rows, block.count) }
    case .shuffle(let shapes): dealShuffle(shapes)
    case .inputs(let items):
      for item in items { deal(WideTensor(shape: [item.count], words: base.stream(2 * item.count, of: item.owner))) }
    case .noise(let counts, let bits): dealNoise(counts, bits)
    }
  }

  // MARK: Words

  /// Uniform words, which all parties expand, and their MACs.
  private mutating func mask(_ shape: Shape) -> WideTensor {
    let value = base.wideMask(shape)
    base.dealWide(value.scaled(by: keys.words))
    return value
  }

  /// Chosen words and their MACs.
  private mutating func deal(_ words: WideTensor) {
    base.dealWide(words)
    base.dealWide(words.scaled(by: keys.words))
  }

  private mutating func dealProducts(
    _ operands: [Demand.Operand], _ products: [Demand.Product], _ generators: Generators
  ) {
    let masks = operands.map { operand in
      if let name = operand.mask {
        base.wideValue(of: name, shape: [operand.count], generators: generators)
      } else {
        mask([operand.count])
      }
    }
    for product in products { deal(product.form.wideProduct(masks[product.left], masks[product.right])) }
  }

  private mutating func dealTruncation(_ item: Demand.Truncated) {
    let words = mask([item.count]).low.scalars
    var top = words
    var shifted = words
    ck_dealt_truncate_parts(item.count, UInt32(item.bits), words, &top, &shifted)
    deal(WideTensor(low: RingTensor(shape: [item.count], scalars: top)))
    deal(WideTensor(low: RingTensor(shape: [item.count], scalars: shifted)))
  }

  private mutating func dealSelection(_ count: Int, _ name: DealtMask?, _ generators: Generators) {
    let words: WideTensor
    if let name {
      words = base.wideValue(of: name, shape: [count], generators: generators)
    } else {
      words = mask([count])
    }
    let bits = dealBits(1, count)
    deal(Bilinear.elementwise([count]).wideProduct(bits, words))
  }

  /// For each layer of the network its switches, and them times a mask of each row that they take.
  private mutating func dealShuffle(_ shapes: [Shape]) {
    let rowCount = shapes.first?[0] ?? 0
    let sizes = PermutationNetwork.sizes(rowCount: rowCount)
    guard sizes.layerCount > 0 else { return }
    let network = PermutationNetwork(order: base.order(rowCount) + Array(rowCount..<sizes.rowCount))
    for switches in network.switches {
      let bits = WideTensor(low: RingTensor(shape: [switches.count, 1], scalars: switches.map { $0 ? 1 : 0 }))
      deal(bits)
      for shape in shapes {
        let row: Shape = [switches.count, shape.count / rowCount]
        let masks = mask(row)
        deal(Bilinear.elementwise(row).wideProduct(bits.rearranged { $0.broadcast(to: row) }, masks))
      }
    }
  }

  /// Nothing for bits that no noise has, which a party hears of by itself.
  private mutating func dealNoise(_ counts: [Int], _ bits: Int) {
    guard let noise = try? GaussianNoise(bits: bits) else { return }
    let key = base.commonWords(2)
    for (place, count) in counts.enumerated() {
      deal(WideTensor(low: noise.words([count], key: key, place: place)))
    }
  }

  // MARK: Bits

  /// Uniform planes and their MACs.
  private mutating func maskPlanes(_ rows: Int, _ count: Int) -> [UInt64] {
    let planes = base.maskPlanes(rows, count)
    base.dealMACs(macs(of: planes, rows, count))
    return planes
  }

  /// Chosen planes and their MACs.
  private mutating func deal(planes: [UInt64], _ rows: Int, _ count: Int) {
    base.deal(planes: planes, rows: rows, count: count)
    base.dealMACs(macs(of: planes, rows, count))
  }

  private func macs(of planes: [UInt64], _ rows: Int, _ count: Int) -> [UInt64] {
    var macs = [UInt64](repeating: 0, count: rows * count)
    let stride = (count + 63) / 64
    planes.withUnsafeBufferPointer { planes in
      macs.withUnsafeMutableBufferPointer { macs in
        guard let source = planes.baseAddress, let target = macs.baseAddress else { return }
        for row in 0..<rows { ck_gf64_add_where(count, keys.bits, source + row * stride, target + row * count) }
      }
    }
    return macs
  }

  /// r = −A for the mask A: monomials of its low half group by group, and its bit `width − 1`.
  private mutating func dealMonomials(_ count: Int, _ width: Int) {
    var words = mask([count]).low.scalars
    ck_u64_neg(count, words, &words)
    let stride = (count + 63) / 64
    var planes = [UInt64](repeating: 0, count: width * stride)
    ck_bitslice(count, UInt32(width), words, &planes)
    var bit = 0
    for size in BorrowTree(width: width).groupSizes {
      deal(
        planes: Dealer.monomials(of: planes[bit * stride..<(bit + size) * stride], size, stride),
        BorrowTree.monomialCount(size), count)
      bit += size
    }
    deal(planes: Array(planes[(width - 1) * stride..<width * stride]), 1, count)
  }

  private mutating func dealTriples(_ rows: Int, _ count: Int) {
    let a = maskPlanes(rows, count)
    var product = maskPlanes(rows, count)
    ck_bits_and(product.count, a, product, &product)
    deal(planes: product, rows, count)
  }

  /// Uniform bits, and the same bits as words.
  @discardableResult
  private mutating func dealBits(_ rows: Int, _ count: Int) -> WideTensor {
    let words = Dealer.unpacked(maskPlanes(rows, count), rows: rows, count: count)
    let bits = WideTensor(low: RingTensor(shape: [rows * count], scalars: words))
    deal(bits)
    return bits
  }
}

extension Dealing {
  /// The sum of what all parties expand, modulo 2¹²⁸.
  mutating func wideMask(_ shape: Shape) -> WideTensor {
    defer { draw += 1 }
    return wideSum(generators[...], shape, at: place, draw: draw)
  }

  /// Shares chosen words: the last party gets what the others' words leave.
  mutating func dealWide(_ words: WideTensor) {
    let rest = words - wideSum(generators.dropLast(), words.shape, at: place, draw: draw)
    corrections.append(rest.words)
    draw += 1
  }

  /// Shares MACs of bits.
  mutating func dealMACs(_ macs: [UInt64]) {
    var rest = macs
    for generator in generators.dropLast() {
      ck_bits_xor(rest.count, rest, expand(generator, rest.count, at: place, draw: draw), &rest)
    }
    corrections.append(rest)
    draw += 1
  }

  /// Words that one party expands.
  mutating func stream(_ count: Int, of party: PartyID) -> [UInt64] {
    defer { draw += 1 }
    return expand(generators[party], count, at: place, draw: draw)
  }

  /// Words that all parties' keys together make, and none of them alone: they are not dealt.
  mutating func commonWords(_ count: Int) -> [UInt64] {
    defer { draw += 1 }
    return exclusiveSum(generators[...], count)
  }

  /// A permutation that all parties' keys together make, and none of them alone.
  mutating func order(_ count: Int) -> [Int] {
    defer { draw += 1 }
    return generators.reduce(Array(0..<count)) { order, generator in
      let next = generator.order(count, at: place, draw: draw)
      return next.map { order[$0] }
    }
  }

  /// The value of a mask that was drawn at another place of the session.
  func wideValue(of mask: DealtMask, shape: Shape, generators: (String) -> [PseudorandomGenerator]) -> WideTensor {
    let keys = mask.place.program == place.program ? self.generators : generators(mask.place.program)
    return wideSum(keys[...], shape, at: mask.place, draw: mask.draw)
  }

  private func wideSum(
    _ generators: ArraySlice<PseudorandomGenerator>, _ shape: Shape, at place: DealtPlace, draw: Int
  ) -> WideTensor {
    generators.reduce(WideTensor(repeating: 0, shape: shape)) {
      $0 + WideTensor(shape: shape, words: expand($1, 2 * shape.count, at: place, draw: draw))
    }
  }
}
