import Arithmetic
import NIOConcurrencyHelpers
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

/// A party that deviates from the checked replicated protocols in any message: no honest party hands out a wrong result.
@Suite struct CheckedCheatingTests {
  static let count = 8
  static var inputs: [RingTensor] {
    (0..<2).map { owner in
      RingTensor(
        shape: [count], scalars: (0..<count).map { UInt64(bitPattern: Int64($0 * 3 - 6 + owner) << 16) })
    }
  }

  /// Runs every kind of message once, on numbers of an owner outside. Bits come in whole bytes: what is past them means
  /// nothing.
  static func run(_ scheme: CheckedScheme, _ pieces: [ReplicatedShare]) async throws -> [RingTensor] {
    let shape: Shape = [count]
    let admitted = try await scheme.admit(pieces)
    let (x, y) = (admitted[0], admitted[1])
    let form = Bilinear.matmul(m: 1, k: count, n: 1, transposeLeft: false, transposeRight: false)
    let row = scheme.map(x, to: [1, count]) { $0.reshaped(to: [1, count]) }
    let column = scheme.map(y, to: [count, 1]) { $0.reshaped(to: [count, 1]) }
    let products = try await scheme.multiply([
      Multiplication(.elementwise(shape), x, y), Multiplication(form, row, column),
    ])
    let square = try await scheme.reduce([try await scheme.multiply([Multiplication(.elementwise(shape), x, x)])[0]])[0]
    let truncated = try await scheme.truncate([Truncation(products[0], by: 16), Truncation(products[1], by: 16)])
    let signs = try await scheme.negative(x, width: 26)
    let rectified = try await scheme.multiply(scheme.not(signs), x)
    let bits = try await scheme.decompose(y, width: 20)
    let gates = try await scheme.and([(bits[17], signs)])
    let sums = try await scheme.weightedSums([gates[0], bits[18]], tables: [[5, 7]])
    let shuffled = try await scheme.shuffle([x])[0]
    let total = scheme.map(shuffled, to: [1]) { $0.summed(axes: [0]) }
    return try await scheme.open([rectified, square, sums[0], total] + truncated)
  }

  /// What honest parties hand out: exact but for the last digits of truncated products.
  static func matches(_ result: [RingTensor], _ expected: [RingTensor]) -> Bool {
    zip(result, expected).enumerated().allSatisfy { index, pair in
      zip(pair.0.signed, pair.1.signed).allSatisfy { abs($0 - $1) <= (index < 4 ? 0 : 1) }
    }
  }

  static func trial(
    cheater: PartyID, _ tampering: Tampering?, round: Int, seed: UInt64, _ pieces: [[ReplicatedShare]]
  ) async -> (results: [Result<[RingTensor], any Error>], hasCheated: Bool) {
    let channel = NIOLockedValueBox<TamperingChannel?>(nil)
    let results = await checkedOutcomes(deadline: .seconds(20)) { base in
      guard base.party == cheater else { return base }
      let wrapped = TamperingChannel(base, tampering, round: round, seed: seed)
      channel.withLockedValue { $0 = wrapped }
      return wrapped
    } _: {
      try await run($0, pieces[$0.party])
    }
    return (results, channel.withLockedValue { $0?.hasCheated ?? false })
  }

  @Test(arguments: 0..<3)
  func nothingWrongIsReleased(cheater: PartyID) async throws {
    let pieces = try replicatedShares(of: Self.inputs)
    let honest = try await simulateChecked { (try await Self.run($0, pieces[$0.party]), $0.traffic.rounds) }
    // Agreeing on keys is a round that the scheme does not count.
    let roundCount = honest[0].1 + 1
    var generator = SeedTree(seed: 800 + UInt64(cheater)).generator()
    var (cheated, caught) = (0, 0)
    let trialCount = Tampering.allCases.count * roundCount
    for index in 0..<CheatingTests.trialCount {
      // A stride that meets every round and every kind.
      let place = index &* 31 % trialCount
      let tampering = Tampering.allCases[place % Tampering.allCases.count]
      let round = place / Tampering.allCases.count
      let trial = await Self.trial(cheater: cheater, tampering, round: round, seed: generator.next(), pieces)
      guard trial.hasCheated else { continue }
      cheated += 1
      let place0 = "\(tampering) by \(cheater) in round \(round) of \(roundCount)"
      var isCaught = false
      for (party, result) in trial.results.enumerated() where party != cheater {
        switch result {
        case .success(let released): #expect(Self.matches(released, honest[0].0), "\(place0)")
        case .failure(let error):
          isCaught = true
          #expect(CheatingTests.isDocumented(error), "\(place0): \(error)")
        }
      }
      caught += isCaught ? 1 : 0
    }
    // An error that is a multiple of a high power of two above 2⁶⁴ changes no result, and may pass.
    #expect(cheated > CheatingTests.trialCount / 3)
    #expect(caught >= cheated * 97 / 100)
  }

  /// A wrong word and a wrong gate are caught by their checks.
  @Test(arguments: [(false, CheatingCheck.products), (true, .gates)])
  func wrongMessagesAreCaughtByTheirCheck(isBit: Bool, check: CheatingCheck) async throws {
    let pieces = try replicatedShares(of: Self.inputs)
    for seed in 0..<20 as Range<UInt64> {
      // Keys, the coin's two rounds and MACs of inputs come before; the seed is a bit of a low half.
      let results = await checkedOutcomes { base in
        TamperingChannel(base, base.party == 1 ? .tellOnePeer : nil, round: 4, seed: seed * 37 % 512)
      } _: { scheme in
        let x = try await scheme.admit(pieces[scheme.party])[0]
        if isBit { return try await scheme.open([try await scheme.convert(try await scheme.negative(x, width: 30))]) }
        let square = try await scheme.multiply([Multiplication(.elementwise([Self.count]), x, x)])
        return try await scheme.open(try await scheme.reduce(square))
      }
      #expect(throws: SharingError.cheating(check: check, layer: "")) { try results[0].get() }
      #expect(throws: (any Error).self) { try results[2].get() }
    }
  }

  /// Whoever goes on with other shares than the rest is caught.
  @Test func wrongSharesAreCaught() async throws {
    let pieces = try replicatedShares(of: Self.inputs)
    let results = await checkedOutcomes { scheme in
      var x = try await scheme.admit(pieces[scheme.party])[0]
      x = scheme.party == 2 ? scheme.add(x, word: 1 << 40) : x
      let square = try await scheme.multiply([Multiplication(.elementwise([Self.count]), x, x)])
      return try await scheme.open(try await scheme.reduce(square))
    }
    for party in 0..<2 {
      #expect(throws: SharingError.cheating(check: .products, layer: "")) { try results[party].get() }
    }
  }

  /// An owner that sends the holders of a component different words is noticed, and a party that says it did.
  @Test func differentComponentsAreCaught() async throws {
    var pieces = try replicatedShares(of: Self.inputs)
    pieces[1][0] = ReplicatedShare(first: pieces[1][0].first.adding(1), second: pieces[1][0].second)
    let sent = pieces
    let results = await checkedOutcomes { try await Self.run($0, sent[$0.party]) }
    for party in 0..<2 {
      #expect(throws: SharingError.cheating(check: .inputs, layer: "input")) { try results[party].get() }
    }
  }

  /// Whether a run ends, and by which check, is the same for all inputs: an error in any bit of a comparison's
  /// gates tells nothing. Errors of MACs alone do: section 8 of `docs/protocols/replicated-malicious.md`.
  @Test func abortsDoNotDependOnInputs() async throws {
    var outcomes: [[String]] = [[], []]
    for (place, value) in [UInt64(7), 0 &- 7].enumerated() {
      let pieces = try replicatedShares(of: [RingTensor(repeating: value, shape: [8])])
      for bit in 0..<60 {
        let results = await checkedOutcomes { base in
          TamperingChannel(
            base, base.party == 1 ? .tellOnePeer : nil, round: 4 + bit % 10, seed: UInt64(bit) * 37 % 512)
        } _: { scheme in
          let x = try await scheme.admit(pieces[scheme.party])[0]
          return try await scheme.open([try await scheme.convert(try await scheme.negative(x, width: 33))])
        }
        switch results[0] {
        case .failure(SharingError.cheating(let check, _)): outcomes[place].append(check.rawValue)
        case .failure(let error):
          #expect(CheatingTests.isDocumented(error), "bit \(bit): \(error)")
          outcomes[place].append("\(type(of: error))")
        case .success(let released):
          outcomes[place].append("released \(released[0].scalars)")
        }
      }
    }
    #expect(outcomes[0] == outcomes[1])
    #expect(outcomes[0].contains("gates") && outcomes[0].contains("products"))
    // Every flip ended the run; those in the check's own messages end it where the check's peers part.
    #expect(Set(outcomes[0]).isSubset(of: ["gates", "products", "ChannelError"]))
  }

  /// After a failed check nothing goes on.
  @Test func aFailedSessionStaysClosed() async throws {
    let results = await checkedOutcomes { scheme -> Bool in
      var x = scheme.constant(RingTensor(repeating: 5, shape: [1]))
      if scheme.party == 0 { x = scheme.add(x, word: 1) }
      let form = Bilinear.elementwise([1])
      do {
        _ = try await scheme.open(try await scheme.reduce(try await scheme.multiply([Multiplication(form, x, x)])))
      } catch {
        do { _ = try await scheme.open([scheme.constant(RingTensor(repeating: 1, shape: [1]))]) } catch let again {
          return "\(again)" == "\(error)" && error is SharingError && "\(error)".contains("no output was released")
        }
      }
      return false
    }
    for result in results.dropFirst() { #expect(try result.get()) }
  }
}
