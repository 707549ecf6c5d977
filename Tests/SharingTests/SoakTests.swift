import Arithmetic
import Graphs
import Sharing
import Tensors
import TestSupport
import Testing

import class Foundation.ProcessInfo

/// The default operations on very many scalars: not one result is wrong, and truncation has no bias. `Scripts/soak-truncation`
/// runs it on 10⁹ of each; here some.
@Suite struct SoakTests {
  static let count = ProcessInfo.processInfo.environment["TACIT_SOAK"].flatMap(Int.init) ?? 1 << 19
  static let chunk = 1 << 18
  static let seed: UInt8 = 77

  /// What became of the results of one operation.
  struct Tally: Sendable {
    var count = 0
    var wrong = 0
    /// The sum of result − exact quotient, in units in the last place.
    var surplus = 0.0

    /// Truncations: each result is the floor of the quotient or one more.
    mutating func add(_ results: RingTensor, of exact: RingTensor, by bits: Int) {
      let mask = UInt64(1) << UInt64(bits) - 1
      var (ups, fractions) = (0, 0.0)
      for (result, value) in zip(results.scalars, exact.scalars) {
        let excess = result &- UInt64(bitPattern: Int64(bitPattern: value) >> Int64(bits))
        if excess > 1 { wrong += 1 } else { ups += Int(excess) }
        fractions += Double(value & mask)
      }
      count += results.count
      surplus += Double(ups) - fractions / Double(sign: .plus, exponent: bits, significand: 1)
    }

    /// Comparisons: each result is the very word.
    mutating func add(_ results: RingTensor, expected: RingTensor) {
      count += results.count
      wrong += zip(results.scalars, expected.scalars).count { $0 != $1 }
    }

    var bias: Double { count == 0 ? 0 : surplus / Double(count) }
  }

  /// The input number `index` of a chunk; the words' magnitudes differ from chunk to chunk.
  static func words(_ index: Int, ofChunk chunk: Int, count: Int) -> RingTensor {
    RingTensor(shape: [count], scalars: generator(index).words(count: count, counterHigh: UInt64(chunk), counterLow: 0))
  }

  static func generator(_ index: Int) -> PseudorandomGenerator { InsecureKeys.generator(pair: 16 + index, seed: seed) }

  /// A party's share of known words, with uniform components.
  static func share(_ value: RingTensor, _ index: Int, ofChunk chunk: Int, party: Int) -> ReplicatedShare {
    let masks = (0..<2).map { words(32 + 2 * index + $0, ofChunk: chunk, count: value.count) }
    let components = masks + [value - masks[0] - masks[1]]
    return ReplicatedShare(first: components[party], second: components[(party + 1) % 3])
  }

  /// One chunk through all operations; party 0 looks at the results.
  static func run(_ chunk: Int, count: Int, on scheme: ReplicatedScheme, _ tallies: inout [String: Tally]) async throws
  {
    try scheme.beginStep()
    let (a, b) = (words(0, ofChunk: chunk, count: count), words(1, ofChunk: chunk, count: count))
    func share(_ value: RingTensor, _ index: Int) -> ReplicatedShare {
      Self.share(value, index, ofChunk: chunk, party: scheme.party)
    }
    let bits = [16, 24, 13, 20][chunk % 4]
    // Products up to ±2⁶², in other chunks less.
    let narrow = [32, 32, 44, 38][chunk / 4 % 4]
    let (x, y) = (a.shiftedRight(narrow), b.shiftedRight(narrow))
    let product = try await scheme.multiply([Multiplication(.elementwise([count]), share(x, 0), share(y, 1))])[0]
    let fused = try await scheme.truncate([Truncation(product, by: bits)])[0]
    let wide = a.shiftedRight([1, 1, 20, 40][chunk / 4 % 4])
    let truncated = try await scheme.truncate([Truncation(scheme.product(share(wide, 2), by: 1), by: bits)])[0]
    let width = [64, 32, 24, 64, 40, 17][chunk % 6]
    let (u, v) = (a.shiftedRight(65 - width), b.shiftedRight(65 - width))
    let arithmetic = FixedPointArithmetic(scheme, fractionBits: 16, comparisonWidth: width)
    let compared = share(u, 3)
    let rectified = try await arithmetic.relu([compared])[0]
    let less = try await scheme.convert(try await arithmetic.holds([(.less, compared, share(v, 4))])[0])
    let opened = try await scheme.open([fused, truncated, rectified, less])
    guard scheme.party == 0 else { return }
    tallies["multiply and truncate", default: Tally()].add(opened[0], of: x * y, by: bits)
    tallies["truncate", default: Tally()].add(opened[1], of: wide, by: bits)
    tallies["relu", default: Tally()].add(opened[2], expected: RingTensor(signed: u.signed.map { max($0, 0) }))
    tallies["less", default: Tally()].add(
      opened[3], expected: RingTensor(signed: zip(u.signed, v.signed).map { $0 < $1 ? 1 : 0 }))
  }

  /// The standard deviation of the mean is at most 0.5 / √N, 0.0007 for the smallest N that is run.
  @Test func defaultOperationsNeverFail() async throws {
    let tallies = try await simulate { channel -> [String: Tally] in
      let scheme = InsecureKeys.scheme(over: channel, seed: Self.seed)
      var tallies: [String: Tally] = [:]
      var (done, chunk) = (0, 0)
      while done < Self.count {
        let size = min(Self.chunk, Self.count - done)
        try await Self.run(chunk, count: size, on: scheme, &tallies)
        (done, chunk) = (done + size, chunk + 1)
      }
      return tallies
    }[0]
    #expect(tallies.count == 4)
    for (name, tally) in tallies.sorted(by: { $0.key < $1.key }) {
      #expect(tally.count == Self.count && tally.wrong == 0, "\(name)")
      #expect(abs(tally.bias) < 0.01, "\(name)")
      if Self.count > 1 << 20 { print("\(name): \(tally.count) scalars, \(tally.wrong) wrong, bias \(tally.bias)") }
    }
  }
}

extension Tensor where Scalar == UInt64 {
  /// Each word as a signed number, divided by 2^bits and rounded down.
  fileprivate func shiftedRight(_ bits: Int) -> RingTensor {
    RingTensor(signed: signed.map { $0 >> Int64(bits) })
  }
}
