import Arithmetic
import Graphs
import Sharing
import Tensors
import TestSupport
import Testing

/// Maxima, places of maxima and routes back are exact. Oracle: the same on plain words.
@Suite struct MaximumTests {
  private static func program<Scheme: SharingScheme>(
    _ scheme: Scheme, _ shares: [Scheme.Share]
  ) async throws -> [Scheme.Share] {
    let arithmetic = FixedPointArithmetic(scheme, fractionBits: 16)
    let both = try await arithmetic.maximumWithChoice(shares[0], axis: 1, width: 40)
    return [
      try await arithmetic.maximum(shares[0], axis: 1), both.maximum, try await arithmetic.argmax(shares[0], axis: 1),
      try await arithmetic.argmaxOneHot(shares[0], axis: 1),
    ] + (try await arithmetic.route(shares[1], to: both.choice))
  }

  /// Rows with many ties, every number of candidates that makes another tournament, and rows enough to be compared in
  /// pairs.
  @Test(arguments: [1, 2, 3, 4, 5, 6, 9, 10, 13, 17, 100])
  func placesAreThoseOfTheFirstMaximum(classes: Int) async throws {
    for rowCount in [1, 7, classes == 10 ? 700 : 3] {
      var generator = SeedTree(seed: 15).child(classes).child(rowCount).generator()
      let rows = (0..<rowCount * classes).map { _ in Int64(generator.choice(5) - 2) << 16 }
      let x = RingTensor(signed: rows).reshaped(to: [rowCount, classes])
      let upstream = generator.words([rowCount])
      for values in [
        try await ClearHarness().evaluate([x, upstream]) { try await Self.program($0, $1) }.values,
        try await ReplicatedHarness().evaluate([x, upstream]) { try await Self.program($0, $1) }.values,
      ] {
        let places = (0..<rowCount).map { row -> Int in
          let row = rows[row * classes..<(row + 1) * classes]
          return row.firstIndex(of: row.max() ?? 0)! - row.startIndex
        }
        let largest = places.enumerated().map { rows[$0 * classes + $1] }
        let oneHot = places.flatMap { place in (0..<classes).map { $0 == place ? Int64(65536) : 0 } }
        #expect(mismatchCount(values[0].signed, largest) == 0)
        #expect(mismatchCount(values[1].signed, largest) == 0)
        #expect(mismatchCount(values[2].signed, places.map { Int64($0) << 16 }) == 0)
        #expect(mismatchCount(values[3].signed, oneHot) == 0)
        #expect(values[0...2].allSatisfy { $0.shape == [rowCount, 1] } && values[3].shape == x.shape)
        for candidate in 0..<classes {
          let routed = zip(places, upstream.signed).map { $0 == candidate ? $1 : 0 }
          #expect(mismatchCount(values[4 + candidate].signed, routed) == 0)
        }
      }
    }
  }

  /// An axis in the middle.
  @Test func otherAxes() async throws {
    var generator = SeedTree(seed: 16).generator()
    let x = generator.words([3, 5, 4], bits: 40)
    let values = try await ReplicatedHarness().evaluate([x]) { scheme, shares in
      let arithmetic = FixedPointArithmetic(scheme, fractionBits: 16)
      return [
        try await arithmetic.maximum(shares[0], axis: 1), try await arithmetic.argmaxOneHot(shares[0], axis: 1),
        try await arithmetic.maximum(shares[0], axis: 0),
      ]
    }.values
    for outer in 0..<3 {
      for inner in 0..<4 {
        let column = (0..<5).map { x.signed[(outer * 5 + $0) * 4 + inner] }
        #expect(values[0].signed[outer * 4 + inner] == column.max())
        for place in 0..<5 {
          #expect((values[1].signed[(outer * 5 + place) * 4 + inner] == 65536) == (column[place] == column.max()))
        }
      }
    }
    for place in 0..<20 {
      #expect(values[2].signed[place] == (0..<3).map { x.signed[$0 * 20 + place] }.max())
    }
  }

  @Test func pairsOfNumbers() async throws {
    var generator = SeedTree(seed: 17).generator()
    let (x, y) = (generator.words([40, 3], bits: 30), generator.words([40, 3], bits: 30))
    let values = try await ReplicatedHarness().evaluate([x, y]) { scheme, shares in
      let arithmetic = FixedPointArithmetic(scheme, fractionBits: 16)
      let isLess = try await arithmetic.holds([(.less, shares[0], shares[1])], width: 32)
      return [
        try await arithmetic.maximum(shares[0], shares[1], width: 32),
        try await arithmetic.minimum(shares[0], shares[1], width: 32),
      ] + (try await arithmetic.select([(isLess[0], shares[1], shares[0])]))
    }.values
    #expect(mismatchCount(values[0].signed, zip(x.signed, y.signed).map { max($0, $1) }) == 0)
    #expect(mismatchCount(values[1].signed, zip(x.signed, y.signed).map { min($0, $1) }) == 0)
    #expect(values[0] == values[2])
  }

  /// Against SPU's replicated sharing on 128 rows of 10, bytes as recorded: softmax, argmax, maximum.
  @Test func bytesOfTenClasses() async throws {
    let metered = MeteredScheme(ReplicatedCosts())
    let arithmetic = FixedPointArithmetic(metered, fractionBits: 16)
    let x = metered.share(of: [128, 10])
    var spent: [Cost] = []
    for function in 0..<4 {
      let before = metered.traffic
      switch function {
      case 0: _ = try await arithmetic.softmax(x)
      case 1: _ = try await arithmetic.argmax(x, axis: 1)
      case 2: _ = try await arithmetic.maximum(x, axis: 1)
      default: _ = try await arithmetic.logSoftmax(x)
      }
      spent.append(metered.traffic - before)
    }
    #expect(spent[0].byteCount < 2_565_168 && spent[0].rounds == 66)
    #expect(spent[1].byteCount < 948_912 && spent[1].rounds == 24)
    #expect(spent[2].byteCount < 198_168 && spent[2].rounds == 23)
  }

  /// Rounds that the comments of functions state, at 16 fraction bits, and bytes a scalar over many.
  @Test func functionsCostWhatTheirCommentsSay() async throws {
    let metered = MeteredScheme(ReplicatedCosts())
    let arithmetic = FixedPointArithmetic(metered, fractionBits: 16)
    let x = metered.share(of: [6144])
    func spent(_ body: () async throws -> Void) async throws -> (rounds: Int, bytes: Double) {
      let before = metered.traffic
      try await body()
      let traffic = metered.traffic - before
      return (traffic.rounds, Double(traffic.byteCount) / 6144)
    }
    let costs = [
      try await spent { _ = try await arithmetic.reciprocal([x]) },
      try await spent { _ = try await arithmetic.inverseSquareRoot([x]) },
      try await spent { _ = try await arithmetic.squareRoot([x]) },
      try await spent { _ = try await arithmetic.logarithm([x]) },
      try await spent { _ = try await arithmetic.gelu([x]) },
      try await spent { _ = try await arithmetic.exponential([x]) },
      try await spent { _ = try await arithmetic.sigmoid([x]) },
    ]
    let bytes = [516.75, 602.125, 605.125, 563.125, 423.5]
    #expect(costs.dropLast(2).map(\.bytes) == bytes)
    #expect(costs.map(\.rounds) == [31, 32, 32, 26, 22, 34, 36])
  }
}
