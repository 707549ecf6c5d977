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
  /// The products before it.
  let start: Int

  var count: Int { result.shape.count }
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
  /// Products scalar by scalar.
  private(set) var scalarCount = 0

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

  private mutating func append(_ left: KeptScalars.Left, _ right: CheckedShare, _ result: CheckedShare) {
    guard result.shape.count > 0 else { return }
    scalars.append(KeptScalars(left: left, right: right, result: result, start: scalarCount))
    scalarCount += result.shape.count
  }
}

/// Where components of products scalar by scalar are written to.
struct ScalarTargets {
  let x: (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>)
  let y: (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>)
  /// Results, where they are wanted.
  let z: (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>)?

  /// Zeros from an offset on.
  fileprivate func clear(_ offset: Int, _ count: Int) {
    for pair in [x, y] + (z.map { [$0] } ?? []) {
      (pair.0 + offset).update(repeating: 0, count: count)
      (pair.1 + offset).update(repeating: 0, count: count)
    }
  }
}

extension ProductLedger {
  /// Copies products from one on; zeros past the last.
  func fill(_ targets: ScalarTargets, from start: Int, count: Int) {
    var offset = 0
    var index = entry(at: start)
    while offset < count, index < scalars.count {
      let entry = scalars[index]
      let from = start + offset - entry.start
      let size = min(entry.count - from, count - offset)
      switch entry.left {
      case .words(let share): copy(share, from, size, targets.x, offset)
      case .bits(let bits):
        unpack(bits.first, from, size, targets.x.0 + offset)
        unpack(bits.second, from, size, targets.x.1 + offset)
      }
      copy(entry.right, from, size, targets.y, offset)
      if let z = targets.z { copy(entry.result, from, size, z, offset) }
      offset += size
      index += 1
    }
    if offset < count { targets.clear(offset, count - offset) }
  }

  /// The entry that holds a product, or the end.
  private func entry(at position: Int) -> Int {
    var (low, high) = (0, scalars.count)
    while low < high {
      let middle = (low + high) / 2
      if scalars[middle].start + scalars[middle].count > position { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private func copy(
    _ share: CheckedShare, _ from: Int, _ count: Int,
    _ target: (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>), _ offset: Int
  ) {
    copy(share.first, from, count, target.0 + offset)
    copy(share.second, from, count, target.1 + offset)
  }

  private func copy(_ words: RingTensor, _ from: Int, _ count: Int, _ target: UnsafeMutablePointer<UInt64>) {
    words.scalars.withUnsafeBufferPointer { source in
      guard let base = source.baseAddress else { return }
      target.update(from: base + from, count: count)
    }
  }

  private func unpack(_ plane: [UInt64]?, _ from: Int, _ count: Int, _ target: UnsafeMutablePointer<UInt64>) {
    guard let plane else {
      target.update(repeating: 0, count: count)
      return
    }
    plane.withUnsafeBufferPointer { plane in
      for index in 0..<count { target[index] = plane[(from + index) / 64] >> UInt64((from + index) % 64) & 1 }
    }
  }
}

/// What is kept until a check holds shares: it does not print.
extension ProductLedger: CustomStringConvertible, CustomReflectable {
  var description: String { "‹products to check›" }
  var customMirror: Mirror { Mirror(self, children: []) }
}
