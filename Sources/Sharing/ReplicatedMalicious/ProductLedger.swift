import CKernels
import Tensors

/// One component of each bit as a secret of its own, which the two parties know that hold it, each in its own place.
struct KeptBits {
  let first: [UInt64]?
  let second: [UInt64]?
}

/// A product scalar by scalar.
struct KeptScalars {
  enum Left {
    case words(CheckedShare)
    case bits(KeptBits)
  }

  let left: Left
  let right: CheckedShare
  let result: CheckedShare
  /// The sizes of what is before it.
  let start: Int

  var count: Int { result.shape.count }
  /// Products of each part that they are cut into.
  var size: Int { (count + Int(ck_galois_parts) - 1) / Int(ck_galois_parts) }
}

/// A matrix product or convolution.
struct KeptForm {
  let factors: CheckedFactors
  let result: CheckedShare
}

/// Rows in an order that the two holders of a component know.
struct KeptMove {
  /// Row i of the result is row order[i] of the source.
  let order: [Int]?
  /// Whether the component is this party's first.
  let isFirst: Bool
  let source: CheckedShare
  let result: CheckedShare
}

/// All products since the last check whose results a party could have tampered with, by reference.
struct ProductLedger {
  private(set) var scalars: [KeptScalars] = []
  private(set) var forms: [KeptForm] = []
  private(set) var moves: [KeptMove] = []
  /// The sizes of all products scalar by scalar.
  private(set) var scalarSize = 0

  var isEmpty: Bool { scalars.isEmpty && forms.isEmpty && moves.isEmpty }

  mutating func append(_ factors: CheckedFactors, _ result: CheckedShare) {
    guard result.shape.count > 0 else { return }
    if case .elementwise = factors.form {
      append(.words(factors.left), factors.right, result)
    } else {
      forms.append(KeptForm(factors: factors, result: result))
    }
  }

  mutating func append(_ bits: KeptBits, _ right: CheckedShare, _ result: CheckedShare) {
    append(.bits(bits), right, result)
  }

  mutating func append(_ move: KeptMove) {
    if move.result.shape.count > 0 { moves.append(move) }
  }

  /// Some of the products.
  func including(_ parts: [CheckedLayers.Part]) -> ProductLedger {
    var some = ProductLedger()
    for part in parts {
      for kept in scalars[part.start.scalars..<part.end.scalars] { some.append(kept.left, kept.right, kept.result) }
      some.forms += forms[part.start.forms..<part.end.forms]
      some.moves += moves[part.start.moves..<part.end.moves]
    }
    return some
  }

  private mutating func append(_ left: KeptScalars.Left, _ right: CheckedShare, _ result: CheckedShare) {
    guard result.shape.count > 0 else { return }
    let kept = KeptScalars(left: left, right: right, result: result, start: scalarSize)
    scalars.append(kept)
    scalarSize += kept.size
  }
}

/// What is kept until a check holds shares: it does not print.
extension ProductLedger: CustomStringConvertible, CustomReflectable {
  var description: String { "‹products to check›" }
  var customMirror: Mirror { Mirror(self, children: []) }
}
