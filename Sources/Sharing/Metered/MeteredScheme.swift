public import Tensors

/// A scheme without values: running a program on it yields the exact rounds and bytes that another scheme would take.
///
/// Silent functions are not inlined: within generic runs, that trips assertions of the optimizer of Swift 6.3.
public final class MeteredScheme: SharingScheme {
  public struct Share: MaskedOperand {
    public let shape: Shape
    /// Products only: whether it is a masked summand.
    var isAdditive = false
    /// Products only: whether parties brought words to it that are not shared yet.
    var hasOwn = false
    let identity = ShareIdentity()
    var isFixed = false
    /// Bits only: the scalars whose signs they are.
    var origin: ShareIdentity?
  }

  public typealias Product = Share
  public typealias Bits = Share

  private let costs: any CostModel
  /// What has been spent so far.
  public private(set) var traffic = Cost.none

  public init(_ costs: any CostModel) { self.costs = costs }

  var partyCount: Int { costs.partyCount }
  /// Bytes that a party holds of one secret scalar.
  var scalarByteCount: Int { costs.scalarByteCount }

  /// A secret of the given shape; `isFixed` where it was prepared for many products before.
  @inline(never) public func share(of shape: Shape, isFixed: Bool = false) -> Share {
    Share(shape: shape, isFixed: isFixed)
  }

  @inline(never) public func constant(_ value: RingTensor) -> Share { Share(shape: value.shape) }
  @inline(never) public func add(_ a: Share, _ b: Share) -> Share {
    Share(shape: a.shape, isAdditive: a.isAdditive || b.isAdditive, hasOwn: a.hasOwn || b.hasOwn)
  }
  @inline(never) public func add(_ a: Share, own words: RingTensor) -> Share {
    Share(shape: a.shape, isAdditive: true, hasOwn: true)
  }
  @inline(never) public func scale(_ a: Share, by word: UInt64) -> Share {
    Share(shape: a.shape, isAdditive: a.isAdditive, hasOwn: a.hasOwn)
  }
  @inline(never) public func subtract(_ a: Share, _ b: Share) -> Share { share(of: a.shape) }
  @inline(never) public func add(_ a: Share, word: UInt64) -> Share { share(of: a.shape) }
  @inline(never) public func map(_ a: Share, to shape: Shape, _ linear: (RingTensor) -> RingTensor) -> Share {
    Share(shape: shape, isAdditive: a.isAdditive, hasOwn: a.hasOwn)
  }
  @inline(never) public func concatenate(_ shares: [Share], axis: Int) -> Share {
    shares.count == 1
      ? shares[0] : share(of: shares[0].shape.replacing(axis: axis, with: shares.reduce(0) { $0 + $1.shape[axis] }))
  }
  @inline(never) public func product(_ a: Share, by word: UInt64) -> Share { Share(shape: a.shape) }

  @inline(never) public func not(_ bits: Share) -> Share { bits }
  @inline(never) public func exclusiveOr(_ a: Share, _ b: Share) -> Share { share(of: a.shape) }
  @inline(never) public func slice(_ bits: Share, _ range: Range<Int>) -> Share { Share(shape: [range.count]) }
  @inline(never) public func reshape(_ bits: Share, to shape: Shape) -> Share {
    Share(shape: shape, origin: bits.origin)
  }
  @inline(never) public func concatenate(_ bits: [Share]) -> Share {
    Share(shape: [bits.reduce(0) { $0 + $1.shape.count }])
  }

  @inline(never) public func doubles(_ form: Bilinear) -> Bool { costs.doubles(form) }
  public func multiply(_ pairs: [Multiplication<Share>]) async throws -> [Share] {
    spend(costs.multiplying(pairs.map(\.form), openedCount: MaskedOperands(pairs).openedCount))
    return pairs.map { Share(shape: $0.form.resultShape, isAdditive: true) }
  }
  public func reduce(_ products: [Share]) async throws -> [Share] {
    spend(costs.bringing(counts: products.filter(\.hasOwn).map(\.shape.count)))
    spend(costs.reducing(additiveCounts: products.filter(\.isAdditive).map(\.shape.count)))
    return products.map { Share(shape: $0.shape) }
  }
  public func truncate(_ items: [Truncation<Share>]) async throws -> [Share] {
    spend(costs.bringing(counts: items.filter(\.product.hasOwn).map(\.product.shape.count)))
    spend(
      costs.truncating(
        items.map { ($0.product.shape.count, $0.bits) }, additive: items.contains { $0.product.isAdditive },
        mayFail: items.allSatisfy(\.mayFail)))
    return items.map { Share(shape: $0.product.shape) }
  }
  public func negative(_ share: Share, width: Int) async throws -> Share {
    spend(costs.comparing(count: share.shape.count, width: width))
    return Share(shape: share.shape, origin: share.identity)
  }
  public func multiply(_ bits: Share, _ share: Share) async throws -> Share {
    spend(costs.selecting(count: share.shape.count, isOpened: bits.origin === share.identity))
    return self.share(of: share.shape)
  }
  public func convert(_ bits: Share) async throws -> Share {
    spend(costs.converting(count: bits.shape.count))
    return share(of: bits.shape)
  }
  public func decompose(_ share: Share, width: Int) async throws -> [Share] {
    spend(costs.decomposing(count: share.shape.count, width: width))
    return (0..<width).map { _ in self.share(of: share.shape) }
  }
  public func and(_ pairs: [(Share, Share)]) async throws -> [Share] {
    spend(costs.conjoining(counts: pairs.map(\.0.shape.count)))
    return pairs.map { share(of: $0.0.shape) }
  }
  public func weightedSums(_ bits: [Share], tables: [[UInt64]]) async throws -> [Share] {
    spend(costs.weighting(count: bits[0].shape.count, bitCount: bits.count, tableCount: tables.count))
    return tables.map { _ in share(of: bits[0].shape) }
  }
  public func shuffle(_ shares: [Share]) async throws -> [Share] {
    spend(costs.shuffling(counts: shares.map(\.shape.count), rowCount: shares.first?.shape[0] ?? 0))
    return shares.map { share(of: $0.shape) }
  }
  public func fix(_ shares: [Share]) async throws -> [Share] {
    spend(costs.fixing(counts: shares.map(\.shape.count)))
    return shares.map { Share(shape: $0.shape, isFixed: true) }
  }
  public func open(_ shares: [Share]) async throws -> [RingTensor] {
    spend(costs.opening(counts: shares.map(\.shape.count)))
    return shares.map { RingTensor(repeating: 0, shape: $0.shape) }
  }

  private func spend(_ traffic: Cost) { self.traffic = self.traffic + traffic }
}
