import Sharing
import Tensors
import Testing

/// One run of one protocol of additive sharing on given shares: what view, counter and cost tests put to work.
struct AdditiveExercise: Sendable, CustomTestStringConvertible {
  let name: String
  /// The scalars of the input.
  let count: Int
  /// What it costs two parties or more.
  let cost: @Sendable (AdditiveCosts) -> Cost
  let run: @Sendable (AdditiveScheme, AdditiveShare, AdditiveBits) async throws -> Void

  var testDescription: String { "\(name) of \(count)" }

  static func all(count: Int, width: Int) -> [AdditiveExercise] {
    onWords(count: count) + onBits(count: count, width: width)
  }

  /// Products, truncation and shuffle.
  static func onWords(count: Int) -> [AdditiveExercise] {
    let shape: Shape = [count]
    let form = Bilinear.elementwise(shape)
    return [
      AdditiveExercise(name: "square", count: count) {
        $0.multiplying([form], openedCount: count)
      } run: { scheme, x, _ in
        _ = try await scheme.multiply([Multiplication(form, x, x)])
      },
      AdditiveExercise(name: "products", count: count) {
        $0.multiplying([form, form], openedCount: 2 * count)
      } run: { scheme, x, _ in
        let y = scheme.scale(x, by: 3)
        _ = try await scheme.multiply([Multiplication(form, x, y), Multiplication(form, y, x)])
      },
      AdditiveExercise(name: "products with a fixed operand", count: count) {
        $0.fixing(counts: [count]) + $0.multiplying([form], openedCount: count)
          + $0.multiplying([form], openedCount: count)
      } run: { scheme, x, _ in
        let fixed = try await scheme.fix([x])[0]
        _ = try await scheme.multiply([Multiplication(form, fixed, scheme.scale(x, by: 5))])
        _ = try await scheme.multiply([Multiplication(form, scheme.scale(x, by: 7), fixed)])
      },
      AdditiveExercise(name: "truncations", count: count) {
        $0.truncating([(count, 16), (count, 3)], additive: false)
      } run: { scheme, x, _ in
        _ = try await scheme.truncate([
          Truncation(scheme.product(x, by: 1), by: 16), Truncation(scheme.product(x, by: 2), by: 3),
        ])
      },
      AdditiveExercise(name: "own words added", count: count) {
        $0.truncating([(count, 16)], additive: false)
      } run: { scheme, x, _ in
        let own = RingTensor(repeating: 5, shape: shape)
        _ = try await scheme.truncate([Truncation(scheme.add(scheme.product(x, by: 1), own: own), by: 16)])
      },
      AdditiveExercise(name: "shuffle", count: count) {
        $0.shuffling(counts: [count, 2 * count], rowCount: count)
      } run: { scheme, x, _ in
        _ = try await scheme.shuffle([
          x, scheme.map(x, to: [count, 2]) { $0.reshaped(to: [count, 1]).broadcast(to: [count, 2]) },
        ])
      },
    ]
  }

  /// What works with bits.
  static func onBits(count: Int, width: Int) -> [AdditiveExercise] {
    [
      AdditiveExercise(name: "comparison on \(width) bits", count: count) {
        $0.comparing(count: count, width: width)
      } run: { scheme, x, _ in
        _ = try await scheme.negative(x, width: width)
      },
      AdditiveExercise(name: "rectification on \(width) bits", count: count) {
        $0.comparing(count: count, width: width) + $0.selecting(count: count, isOpened: true)
      } run: { scheme, x, _ in
        _ = try await scheme.multiply(scheme.not(try await scheme.negative(x, width: width)), x)
      },
      AdditiveExercise(name: "selection", count: count) {
        $0.selecting(count: count, isOpened: false)
      } run: { scheme, x, bits in
        _ = try await scheme.multiply(bits, x)
      },
      AdditiveExercise(name: "conversion", count: count) {
        $0.converting(count: count)
      } run: { scheme, _, bits in
        _ = try await scheme.convert(bits)
      },
      AdditiveExercise(name: "weighted sums", count: count) {
        $0.weighting(count: count, bitCount: 2, tableCount: 2)
      } run: { scheme, _, bits in
        _ = try await scheme.weightedSums([bits, scheme.not(bits)], tables: [[3, 1 << 60], [.max, 0]])
      },
      AdditiveExercise(name: "conjunction", count: count) {
        $0.conjoining(counts: [count, count])
      } run: { scheme, _, bits in
        _ = try await scheme.and([(bits, bits), (bits, scheme.not(bits))])
      },
      AdditiveExercise(name: "decomposition into \(width) bits", count: count) {
        $0.decomposing(count: count, width: width)
      } run: { scheme, x, _ in
        _ = try await scheme.decompose(x, width: width)
      },
    ]
  }
}
