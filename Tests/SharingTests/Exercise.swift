import Sharing
import Tensors
import Testing

/// One run of one protocol on given shares, small or large: what view, counter and replay tests put to work.
struct Exercise: Sendable, CustomTestStringConvertible {
  var name: String
  /// The scalars of the input.
  let count: Int
  /// How many bits of a keystream word the protocol uses; view tests look at whole bytes of them.
  var usedBytes = 8
  /// Whether every party takes every role where there are many scalars.
  var rotates = true
  /// Bytes of every word that party 2 gets which are copies of its sign; they say no more than the sign does.
  var signBytes = 0
  /// Which protocols the scheme is to use.
  var options = ReplicatedOptions()
  let run: @Sendable (ReplicatedScheme, ReplicatedShare, ReplicatedBits) async throws -> [ReplicatedShare]

  var testDescription: String { "\(name) of \(count), \(options.optimise), \(options.truncation)" }

  static func all(words: Int, bits: Int) -> [Exercise] {
    let shape: Shape = [words]
    return [
      Exercise(name: "product", count: words) { scheme, x, _ in
        try await scheme.reduce(try await scheme.multiply([Multiplication(.elementwise(shape), x, x)]))
      },
      Exercise(name: "truncation by 16", count: words) { scheme, x, _ in
        try await scheme.truncate([Truncation(scheme.product(x, by: 1), by: 16)])
      },
      Exercise(name: "truncation by 24", count: words) { scheme, x, _ in
        try await scheme.truncate([Truncation(scheme.product(x, by: 1), by: 24)])
      },
      Exercise(name: "fused truncation", count: words) { scheme, x, _ in
        let product = try await scheme.multiply([Multiplication(.elementwise(shape), x, x)])
        return try await scheme.truncate([Truncation(product[0], by: 16)])
      },
      Exercise(name: "mixed truncations", count: words) { scheme, x, _ in
        let product = try await scheme.multiply([Multiplication(.elementwise(shape), x, x)])
        let sum = scheme.map(product[0], to: [1]) { $0.summed(axes: [0]) }
        return try await scheme.truncate([
          Truncation(scheme.product(x, by: 3), by: 20),
          Truncation(scheme.add(sum, scheme.product(scheme.map(x, to: [1]) { $0.summed(axes: [0]) }, by: 9)), by: 8),
        ])
      },
      // What a party brings must show no more than what it is added to.
      Exercise(name: "own words added to a product", count: words) { scheme, x, _ in
        let product = try await scheme.multiply([Multiplication(.elementwise(shape), x, x)])[0]
        return try await scheme.truncate([
          Truncation(scheme.add(product, own: RingTensor(repeating: 0x5A5A << 16, shape: shape)), by: 16)
        ])
      },
      Exercise(name: "own words added to a share", count: words) { scheme, x, _ in
        let own = RingTensor(repeating: 0x5A5A << 16, shape: shape)
        return try await scheme.truncate([Truncation(scheme.add(scheme.product(x, by: 1 << 16), own: own), by: 16)])
      },
      Exercise(name: "selection", count: bits) { scheme, x, bits in [try await scheme.multiply(bits, x)] },
      Exercise(name: "conversion", count: bits) { scheme, _, bits in [try await scheme.convert(bits)] },
      Exercise(name: "weighted sums", count: words) { scheme, _, bits in
        let bits = scheme.slice(bits, 0..<words)
        return try await scheme.weightedSums([bits, scheme.not(bits)], tables: [[3, 1 << 60], [.max, 0]])
      },
      Exercise(name: "shuffle", count: words, rotates: false) { scheme, x, _ in
        try await scheme.shuffle([
          x, scheme.map(x, to: [words, 2]) { $0.reshaped(to: [words, 1]).broadcast(to: [words, 2]) },
        ])
      },
    ]
  }

  /// What there is in a variant with fewer rounds; `usedBytes` holds for eight scalars.
  static func inFewRounds(count: Int, width: Int) -> [Exercise] {
    (bitwise(count: count, width: width) + selections(count: count, width: width)).map { exercise in
      var exercise = exercise
      exercise.options = ReplicatedOptions(optimise: .rounds)
      exercise.usedBytes = 1
      exercise.rotates = false
      return exercise
    }
  }

  /// What makes numbers of bits.
  private static func selections(count: Int, width: Int) -> [Exercise] {
    [
      Exercise(name: "rectifier on \(width) bits", count: count) { scheme, x, _ in
        [try await scheme.multiply(scheme.not(try await scheme.negative(x, width: width)), x)]
      },
      Exercise(name: "selection", count: count) { scheme, x, bits in
        [try await scheme.multiply(bits, scheme.add(x, word: 1))]
      },
      Exercise(name: "conversion", count: count) { scheme, _, bits in [try await scheme.convert(bits)] },
      Exercise(name: "weighted sums", count: count) { scheme, _, bits in
        try await scheme.weightedSums([bits, scheme.not(bits)], tables: [[3, 1 << 60], [.max, 0]])
      },
      Exercise(name: "decomposition", count: count) { scheme, x, _ in
        let bits = try await scheme.decompose(x, width: 5)
        return [try await scheme.convert(try await scheme.and([(bits[1], bits[4])])[0])]
      },
    ]
  }

  /// Truncations that may fail.
  static func fast(count: Int) -> [Exercise] {
    [
      Exercise(name: "fast truncation", count: count) { scheme, x, _ in
        try await scheme.truncate([Truncation(scheme.product(x, by: 1), by: 16, mayFail: true)])
      },
      Exercise(name: "fast fused truncation", count: count) { scheme, x, _ in
        let product = try await scheme.multiply([Multiplication(.elementwise([count]), x, x)])
        return try await scheme.truncate([
          Truncation(product[0], by: 16, mayFail: true), Truncation(scheme.product(x, by: 5), by: 24, mayFail: true),
        ])
      },
    ]
    .map { exercise in
      var exercise = exercise
      exercise.options = ReplicatedOptions(truncation: .fast)
      exercise.signBytes = 3
      return exercise
    }
  }

  /// What works on bits alone; `usedBytes` holds for eight scalars.
  static func bitwise(count: Int, width: Int) -> [Exercise] {
    [
      comparison(count: count, width: width),
      Exercise(name: "decomposition into \(width) bits", count: count, usedBytes: 1) { scheme, x, _ in
        _ = try await scheme.decompose(x, width: width)
        return [x]
      },
      Exercise(name: "conjunction", count: count, usedBytes: 1) { scheme, x, bits in
        _ = try await scheme.and([(bits, bits), (bits, scheme.not(bits))])
        return [x]
      },
    ]
  }

  /// A comparison; `usedBytes` holds for eight scalars.
  static func comparison(count: Int, width: Int) -> Exercise {
    Exercise(name: "comparison on \(width) bits", count: count, usedBytes: 1) { scheme, x, _ in
      let bits = try await scheme.negative(x, width: width)
      return [scheme.map(x, to: [bits.shape.count]) { $0 }]
    }
  }
}
