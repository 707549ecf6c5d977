public import Tensors

/// One party's summands of words x′ and of their MACs α·x′, both modulo 2¹²⁸ (`docs/protocols/spdz.md`, 1).
struct AuthenticatedWords: Sendable {
  var value: WideTensor
  var mac: WideTensor

  var shape: Shape { value.shape }
  var count: Int { value.count }

  static func + (a: AuthenticatedWords, b: AuthenticatedWords) -> AuthenticatedWords {
    AuthenticatedWords(value: a.value + b.value, mac: a.mac + b.mac)
  }

  static func - (a: AuthenticatedWords, b: AuthenticatedWords) -> AuthenticatedWords {
    AuthenticatedWords(value: a.value - b.value, mac: a.mac - b.mac)
  }

  func scaled(by factor: UInt128) -> AuthenticatedWords { apply { $0.scaled(by: factor) } }

  /// The same integer map on both.
  func apply(_ map: (WideTensor) -> WideTensor) -> AuthenticatedWords {
    AuthenticatedWords(value: map(value), mac: map(mac))
  }
}

/// One party's piece of a secret that has a MAC.
public struct AuthenticatedShare: MaskedOperand {
  let words: AuthenticatedWords
  let identity = ShareIdentity()
  /// The mask of a secret that stays the same for many products.
  var mask: AuthenticatedMask?

  public var shape: Shape { words.shape }
  var isFixed: Bool { mask != nil }

  init(_ words: AuthenticatedWords) { self.words = words }
}

extension AuthenticatedShare: StorableShare {
  package static var componentCount: Int { 4 }
  package var held: HeldShare {
    HeldShare(components: [words.value.low, words.value.high, words.mac.low, words.mac.high])
  }
  package init(_ held: HeldShare) {
    let parts = held.components
    self.init(
      AuthenticatedWords(
        value: WideTensor(low: parts[0], high: parts[1]), mac: WideTensor(low: parts[2], high: parts[3])))
  }
}

/// A secret x′ that was opened as e = x′ − a, where a is a mask that only the dealer knows.
struct AuthenticatedMask: Sendable {
  /// Where the dealer finds the mask.
  let name: DealtMask
  /// e, which every party knows.
  let opened: WideTensor
  /// This party's share of a.
  let share: AuthenticatedWords
  /// a + κe, where the mask is kept for many products.
  var combined: AuthenticatedWords?
}

/// One party's piece of a product that has not been truncated.
public struct AuthenticatedProduct: SecretShare {
  let words: AuthenticatedWords
  /// What this party brings by itself and has yet to share.
  var own: RingTensor?

  public var shape: Shape { words.shape }
}

/// One party's part of one secret bit per scalar, 64 to a word, and of the bits' MACs, a word each.
public struct AuthenticatedBits: SecretShare {
  public let shape: Shape
  let words: [UInt64]
  let macs: [UInt64]
  /// What was opened of the scalars whose signs the bits tell.
  var origin: Origin?

  struct Origin: Sendable {
    let identity: ShareIdentity
    let mask: AuthenticatedMask
  }
}

/// Planes of bits that have MACs: whole words each plane, and a MAC for each bit.
struct AuthenticatedPlanes: Sendable {
  var words: [UInt64]
  var macs: [UInt64]
  let rows: Int
  let count: Int

  var stride: Int { (count + 63) / 64 }
  var block: PlaneBlock { PlaneBlock(words: words, rows: rows, count: count) }
}
