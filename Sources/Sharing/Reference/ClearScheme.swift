import Arithmetic
import CKernels
public import Tensors

/// One party that sees everything, with the ring arithmetic of the secret schemes: the oracle they are tested against.
///
/// Truncation rounds to nearest; a secret scheme's result differs from it by one unit in the last place a truncation.
public final class ClearScheme: SharingScheme {
  public struct Share: SecretShare {
    package let value: RingTensor
    public var shape: Shape { value.shape }
    package init(_ value: RingTensor) { self.value = value }
  }

  public typealias Product = Share
  public typealias Bits = Share

  public init() {}

  public func constant(_ value: RingTensor) -> Share { Share(value) }
  public func add(_ a: Share, _ b: Share) -> Share { Share(a.value + b.value) }
  public func subtract(_ a: Share, _ b: Share) -> Share { Share(a.value - b.value) }
  public func add(_ a: Share, word: UInt64) -> Share { Share(a.value.adding(word)) }
  public func scale(_ a: Share, by word: UInt64) -> Share { Share(a.value.scaled(by: word)) }
  public func map(_ a: Share, to shape: Shape, _ linear: (RingTensor) -> RingTensor) -> Share {
    Share(linear(a.value))
  }
  public func concatenate(_ shares: [Share], axis: Int) -> Share {
    Share(RingTensor.concatenated(shares.map(\.value), axis: axis))
  }
  /// The one party's words are those of all together.
  public func add(_ a: Share, own words: RingTensor) -> Share { Share(a.value + words) }
  public func product(_ a: Share, by word: UInt64) -> Share { scale(a, by: word) }

  public func not(_ bits: Share) -> Share { Share(bits.value.scaled(by: .max).adding(1)) }
  public func exclusiveOr(_ a: Share, _ b: Share) -> Share {
    Share(RingTensor(shape: a.shape, scalars: zip(a.value.scalars, b.value.scalars).map { $0 ^ $1 }))
  }
  public func slice(_ bits: Share, _ range: Range<Int>) -> Share {
    Share(RingTensor(shape: [range.count], scalars: Array(bits.value.scalars[range])))
  }
  public func reshape(_ bits: Share, to shape: Shape) -> Share { Share(bits.value.reshaped(to: shape)) }

  public func concatenate(_ bits: [Share]) -> Share {
    let scalars = bits.flatMap(\.value.scalars)
    return Share(RingTensor(shape: [scalars.count], scalars: scalars))
  }

  public func multiply(_ pairs: [Multiplication<Share>]) async throws -> [Share] {
    pairs.map { pair in
      let product = pair.form(pair.left.value, pair.right.value)
      return Share(pair.isDoubled ? product.scaled(by: 2) : product)
    }
  }
  public func reduce(_ products: [Share]) async throws -> [Share] { products }

  public func truncate(_ items: [Truncation<Share>]) async throws -> [Share] {
    items.map { item in
      let rounded = item.product.value.adding(1 << UInt64(item.bits - 1))
      return Share(
        RingTensor(shape: rounded.shape) {
          ck_u64_shift_right_arithmetic($0.count, rounded.scalars, UInt32(item.bits), $0.baseAddress)
        })
    }
  }

  public func negative(_ share: Share, width: Int) async throws -> Share {
    let shift = UInt64(width - 1)
    return Share(RingTensor(shape: share.shape, scalars: share.value.scalars.map { $0 >> shift & 1 }))
  }
  public func multiply(_ bits: Share, _ share: Share) async throws -> Share {
    Share(bits.value.reshaped(to: share.shape) * share.value)
  }
  public func convert(_ bits: Share) async throws -> Share { bits }
  public func decompose(_ share: Share, width: Int) async throws -> [Share] {
    (0..<UInt64(width)).map { bit in
      Share(RingTensor(shape: share.shape, scalars: share.value.scalars.map { $0 >> bit & 1 }))
    }
  }
  public func and(_ pairs: [(Share, Share)]) async throws -> [Share] { pairs.map { Share($0.value * $1.value) } }
  public func weightedSums(_ bits: [Share], tables: [[UInt64]]) async throws -> [Share] {
    tables.map { table in
      zip(bits, table).reduce(Share(RingTensor(repeating: 0, shape: bits[0].shape))) { sum, term in
        add(sum, scale(term.0, by: term.1))
      }
    }
  }
  public func shuffle(_ shares: [Share]) async throws -> [Share] {
    let keys = SecureRandom.words(shares.first?.shape[0] ?? 0)
    let order = keys.indices.sorted { keys[$0] < keys[$1] }
    return shares.map { Share($0.value.gatherRows(order)) }
  }
  public func open(_ shares: [Share]) async throws -> [RingTensor] { shares.map(\.value) }
}
