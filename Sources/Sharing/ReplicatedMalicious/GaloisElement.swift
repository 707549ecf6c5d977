import CKernels

/// An element of the Galois ring Z/2⁶⁴[X]/(X⁶⁴ + X⁴ + X³ + X + 1), in which the differences of the 2⁶⁴ elements with
/// coefficients 0 and 1, its *points*, have inverses.
struct GaloisElement: Equatable, Sendable {
  static let wordCount = Int(ck_galois_degree)
  static let byteCount = 8 * wordCount
  static let zero = GaloisElement(point: 0)

  /// Coefficients, that of the lowest power first.
  var words: [UInt64]

  init(words: [UInt64]) { self.words = words }

  /// Coefficient i is bit i.
  init(point: UInt64) { words = Self.coefficients(of: [point]) }

  static func + (a: GaloisElement, b: GaloisElement) -> GaloisElement {
    var sum = a
    ck_u64_add(wordCount, sum.words, b.words, &sum.words)
    return sum
  }

  static func - (a: GaloisElement, b: GaloisElement) -> GaloisElement {
    var difference = a
    ck_u64_sub(wordCount, difference.words, b.words, &difference.words)
    return difference
  }

  static func * (a: GaloisElement, b: GaloisElement) -> GaloisElement {
    var product = GaloisElement.zero
    ck_galois_dot(1, a.words, b.words, &product.words)
    return product
  }

  /// Points as elements, one after the other.
  static func coefficients(of points: [UInt64]) -> [UInt64] {
    [UInt64](unsafeUninitializedCapacity: wordCount * points.count) { buffer, initialized in
      if let target = buffer.baseAddress { ck_bits_unpack(wordCount * points.count, points, target) }
      initialized = wordCount * points.count
    }
  }

  /// Elements from their words one after the other.
  static func elements(_ words: [UInt64]) -> [GaloisElement] {
    stride(from: 0, to: words.count, by: wordCount).map { GaloisElement(words: Array(words[$0..<$0 + wordCount])) }
  }

  /// Evaluates the first variables of a polynomial of degree 2 in each, given by the words of its values at {0, 1, ∞} of each
  /// variable, where ∞ means the leading coefficient and the last variable changes first.
  static func evaluate(_ table: [UInt64], at points: [UInt64]) -> [UInt64] {
    var table = table
    var words = table.count
    for point in points {
      words /= 3
      let count = words / wordCount
      table.withUnsafeMutableBufferPointer { table in
        guard let zero = table.baseAddress else { return }
        let (one, leading) = (zero + words, zero + 2 * words)
        // v₀ + ρ(v₁ − v₀) + (ρ² − ρ)v∞ = v₀ + ρ(v₁ − v∞ + ρv∞ − v₀)
        ck_u64_sub(words, one, leading, one)
        ck_u64_add(words, leading, one, leading)
        ck_galois_fold(count, point, one)
        ck_galois_fold(count, point, zero)
      }
    }
    return Array(table[..<words])
  }

  /// What the values at {0, 1} of each variable count in the value at points of a polynomial of degree 1 in each: words of elements.
  static func partWeights(at points: [UInt64]) -> [UInt64] {
    points.reduce(coefficients(of: [1])) { weights, point in
      let count = weights.count
      let ones = product(point, weights)
      return [UInt64](unsafeUninitializedCapacity: 2 * count) { buffer, initialized in
        guard let target = buffer.baseAddress else { return }
        for start in stride(from: 0, to: count, by: wordCount) {
          let zero = target + 2 * start
          weights.withUnsafeBufferPointer { weights in
            ones.withUnsafeBufferPointer { ones in
              guard let weight = weights.baseAddress, let one = ones.baseAddress else { return }
              ck_u64_sub(wordCount, weight + start, one + start, zero)
              (zero + wordCount).initialize(from: one + start, count: wordCount)
            }
          }
        }
        initialized = 2 * count
      }
    }
  }

  /// A point times each of some elements, which are given by their words.
  static func product(_ point: UInt64, _ words: [UInt64]) -> [UInt64] {
    var products = [UInt64](repeating: 0, count: words.count) + words
    ck_galois_fold(words.count / wordCount, point, &products)
    return Array(products[..<words.count])
  }
}

/// Elements that depend on secrets do not print.
extension GaloisElement: CustomStringConvertible, CustomReflectable {
  var description: String { "‹element›" }
  var customMirror: Mirror { Mirror(self, children: []) }
}

/// Both components of an element that a party holds.
struct GaloisShare: Sendable {
  var first: GaloisElement
  var second: GaloisElement

  static let zero = GaloisShare(first: .zero, second: .zero)

  static func + (a: GaloisShare, b: GaloisShare) -> GaloisShare {
    GaloisShare(first: a.first + b.first, second: a.second + b.second)
  }

  static func - (a: GaloisShare, b: GaloisShare) -> GaloisShare {
    GaloisShare(first: a.first - b.first, second: a.second - b.second)
  }

  /// The value at points of a polynomial whose values these are (``GaloisElement/evaluate(_:at:)``).
  static func value(_ table: [GaloisShare], at points: [UInt64]) -> GaloisShare {
    func value(_ component: (GaloisShare) -> GaloisElement) -> GaloisElement {
      GaloisElement(words: GaloisElement.evaluate(table.flatMap { component($0).words }, at: points))
    }
    return GaloisShare(first: value(\.first), second: value(\.second))
  }

  /// This party's summand of the product.
  static func * (a: GaloisShare, b: GaloisShare) -> GaloisElement {
    a.first * (b.first + b.second) + a.second * b.first
  }
}
