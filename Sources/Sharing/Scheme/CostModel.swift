import Tensors
public import Transports

/// What each talking primitive of a scheme spends: payload of all parties together, and rounds.
///
/// The conformance suite checks every function against the wire, byte for byte.
public protocol CostModel: Sendable {
  /// The name users know the scheme by.
  var name: String { get }
  var partyCount: Int { get }
  /// Bytes that a party holds of one secret scalar.
  var scalarByteCount: Int { get }
  /// Whether truncations that may be wrong with a small probability are.
  var truncatesFast: Bool { get }
  /// The same costs, but with the bytes that one party sends.
  func sent(by party: PartyID) -> any CostModel
  /// Whether twice a product costs less than the product.
  func doubles(_ form: Bilinear) -> Bool
  /// `openedCount`: scalars of the different operands, those left out that were fixed before.
  func multiplying(_ forms: [Bilinear], openedCount: Int) -> Cost
  /// Operands of many products, prepared once.
  func fixing(counts: [Int]) -> Cost
  func reducing(additiveCounts: [Int]) -> Cost
  /// `items`: scalars and bits of each product; `additive`: whether any of them is a masked summand; `mayFail`: whether they
  /// may be wrong with a small probability.
  func truncating(_ items: [(count: Int, bits: Int)], additive: Bool, mayFail: Bool) -> Cost
  func comparing(count: Int, width: Int) -> Cost
  /// `isOpened`: whether the bits are signs of the very scalars that they are multiplied with.
  func selecting(count: Int, isOpened: Bool) -> Cost
  func converting(count: Int) -> Cost
  func decomposing(count: Int, width: Int) -> Cost
  /// `counts`: bits of each pair.
  func conjoining(counts: [Int]) -> Cost
  /// `count`: bits of one place; `bitCount`: places of a table.
  func weighting(count: Int, bitCount: Int, tableCount: Int) -> Cost
  /// `counts`: scalars of each share.
  func shuffling(counts: [Int], rowCount: Int) -> Cost
  /// What parties bring by themselves, once it joins a share; `counts`: scalars of each product.
  func bringing(counts: [Int]) -> Cost
  func opening(counts: [Int]) -> Cost
  /// Making sure that all that was opened was opened rightly.
  var checking: Cost { get }
  /// Starting a session: agreeing on keys.
  var starting: Cost { get }
  /// Tensors of an owner outside, shared into the parties together.
  func sharing(counts: [Int]) -> Cost
  /// Results revealed to one receiver outside.
  func revealing(counts: [Int]) -> Cost
}

extension CostModel {
  /// Products whose operands are all different secrets, none of them fixed.
  public func multiplying(_ forms: [Bilinear]) -> Cost {
    multiplying(forms, openedCount: forms.reduce(0) { $0 + $1.leftShape.count + $1.rightShape.count })
  }

  public var truncatesFast: Bool { false }

  /// Nothing: each party's words are its summand.
  public func bringing(counts: [Int]) -> Cost { .none }

  public func doubles(_ form: Bilinear) -> Bool { false }

  /// Nothing: the parties follow the protocol.
  public var checking: Cost { .none }

  /// Truncations that are never wrong.
  public func truncating(_ items: [(count: Int, bits: Int)], additive: Bool) -> Cost {
    truncating(items, additive: additive, mayFail: false)
  }

  /// Bits that are no signs of the scalars.
  public func selecting(count: Int) -> Cost { selecting(count: count, isOpened: false) }
}
