import Arithmetic
import Foundation
import Graphs
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
    // Who sends another's comparison of a coin as its own sends what it would have sent.
    #expect(cheated > CheatingTests.trialCount / 3)
    #expect(caught >= cheated * 97 / 100)
  }

  /// A wrong word and a wrong gate are caught by their checks.
  @Test(arguments: [(false, CheatingCheck.products), (true, .gates)])
  func wrongMessagesAreCaughtByTheirCheck(isBit: Bool, check: CheatingCheck) async throws {
    let pieces = try replicatedShares(of: Self.inputs)
    // Keys, the coin's two rounds and the comparison of inputs come before.
    for seed in 0..<20 as Range<UInt64> {
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

  /// Whoever goes on with another secret than the rest in the second of three layers: the sentence names that layer, whichever check
  /// it is and whether the layer comes again, and honest parties name the same.
  @Test(arguments: [(false, CheatingCheck.products), (true, .gates)], [0, 1, 2])
  func theLayerIsNamed(_ kind: (isBit: Bool, check: CheatingCheck), cheater: Int) async throws {
    let results = await checkedOutcomes { scheme in
      scheme.enter(layer: "first")
      let x = try await scheme.input(
        scheme.party == 0 ? RingTensor(repeating: 5, shape: [70]) : nil, of: 0, shape: [70])
      let bits = try await scheme.negative(x, width: 8)
      let square = try await scheme.reduce(try await scheme.multiply([Multiplication(.elementwise([70]), x, x)]))[0]
      scheme.enter(layer: "second")
      let isCheating = scheme.party == cheater
      let other = isCheating ? CheckedShare(held: x.held, plus: 1) : x
      let flipped = isCheating ? CheckedShare(held: square.held, plus: 1 << 40) : square
      if kind.isBit {
        _ = try await scheme.negative(other, width: 8)
      } else {
        _ = try await scheme.multiply([Multiplication(.elementwise([70]), flipped, x)])
      }
      scheme.enter(layer: "third")
      _ = try await scheme.multiply(bits, square)
      scheme.enter(layer: "first")
      _ = try await scheme.multiply(bits, x)
      return try await scheme.open([square])
    }
    for party in 0..<3 where party != cheater {
      let error = #expect(throws: SharingError.self) { try results[party].get() }
      guard case .cheating(let check, let layer, _)? = error else {
        Issue.record("party \(party) ended otherwise: \(String(describing: error))")
        continue
      }
      // Whoever lacks the component is told two things of it.
      #expect([kind.check, .agreement].contains(check) && layer == "second", "\(check) in \(layer)")
    }
  }

  /// A wrong summand in the proof itself, sent with the right comparison of the coin, in every folding and for the last claim.
  @Test(arguments: 0..<11)
  func liesInTheProofAreCaught(level: Int) async throws {
    let pieces = try replicatedShares(of: Self.inputs)
    // Keys, a coin, its comparison, inputs, the product, a coin; then summands and coins by turns.
    for cheater in 0..<3 {
      let results = await checkedOutcomes { base in
        TamperingChannel(
          base, base.party == cheater ? .tellOnePeer : nil, round: 6 + 2 * level, seed: 1001 + 2 * UInt64(level))
      } _: { scheme in
        let x = try await scheme.admit(pieces[scheme.party])[0]
        let square = try await scheme.multiply([Multiplication(.elementwise([Self.count]), x, x)])
        return try await scheme.open(try await scheme.reduce(square))
      }
      #expect(throws: SharingError.cheating(check: .products, layer: "")) { try results[(cheater + 2) % 3].get() }
      #expect(throws: (any Error).self) { try results[(cheater + 1) % 3].get() }
    }
  }

  /// An owner that sends two parties different components is refused; the session goes on with the next owner's.
  @Test func unequalSharesAreRefusedAlone() async throws {
    let pieces = try replicatedShares(of: Self.inputs)
    let results = try await simulateChecked { scheme in
      var own = pieces[scheme.party]
      if scheme.party == 1 {
        own[0] = ReplicatedShare(
          HeldShare(components: [own[0].held.components[0].adding(1), own[0].held.components[1]]))
      }
      do {
        _ = try await scheme.admit(own)
        Issue.record("different components were taken")
      } catch SharingError.cheating(.inputs, _, _) {}
      #expect(!scheme.isOver)
      return try await Self.run(scheme, pieces[scheme.party])
    }
    let honest = try await simulateChecked { try await Self.run($0, pieces[$0.party]) }
    for result in results { #expect(Self.matches(result, honest[0])) }
  }

  /// A party that shows the others different hashes cannot have some refuse and others go on: the session ends.
  @Test(arguments: 0..<3)
  func whoIsToldAnotherHashEndsTheSession(cheater: PartyID) async throws {
    let pieces = try replicatedShares(of: Self.inputs)
    let results = await checkedOutcomes(deadline: .seconds(5)) { base in
      TamperingChannel(base, base.party == cheater ? .tellOnePeer : nil, round: 3, seed: 5)
    } _: { scheme -> Bool in
      do { _ = try await Self.run(scheme, pieces[scheme.party]) } catch {
        return scheme.isOver && CheatingTests.isDocumented(error)
      }
      return false
    }
    for party in 0..<3 where party != cheater { #expect(try results[party].get(), "party \(party)") }
  }

  /// The hashes by which parties compare an owner's components are of no use to who lacks one of them: of the same components,
  /// they are others in every session.
  @Test func hashesOfInputsConfirmNoGuess() async throws {
    let pieces = try replicatedShares(of: Self.inputs)
    var seen: [Set<Message>] = []
    for _ in 0..<2 {
      let view = NIOLockedValueBox<RecordingChannel?>(nil)
      let messages = try await simulateChecked { base in
        guard base.party == 0 else { return base }
        let recording = RecordingChannel(base)
        view.withLockedValue { $0 = recording }
        return recording
      } _: { scheme in
        _ = view.withLockedValue { scheme.party == 0 ? $0?.takeMessages() : nil }
        _ = try await scheme.admit(pieces[scheme.party], for: "model")
        return view.withLockedValue { scheme.party == 0 ? $0?.takeMessages() : nil } ?? []
      }
      seen.append(Set(messages[0].flatMap { [Array($0.prefix(32)), Array($0.suffix(32))] }))
    }
    // Two components' hashes from each peer, of which that of one component comes from both.
    #expect(seen[0].count == 3 && seen[0].isDisjoint(with: seen[1]))
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
    // The last claim fails towards one, and is not shown alike to the other.
    #expect(throws: SharingError.cheating(check: .products, layer: "")) { try results[0].get() }
    #expect(throws: SharingError.cheating(check: .agreement, layer: "")) { try results[1].get() }
  }

  /// An owner that sends the holders of a component different words is noticed by all, before anything is computed.
  @Test func differentComponentsAreCaught() async throws {
    var pieces = try replicatedShares(of: Self.inputs)
    pieces[1][0] = ReplicatedShare(first: pieces[1][0].first.adding(1), second: pieces[1][0].second)
    let sent = pieces
    let results = await checkedOutcomes { try await Self.run($0, sent[$0.party]) }
    for result in results {
      #expect(throws: SharingError.cheating(check: .inputs, layer: "input")) { try result.get() }
    }
  }

  /// Parties that were told to answer different queries on the same words part before they compute.
  @Test func differentProgramsAreCaught() async throws {
    let pieces = try replicatedShares(of: Self.inputs)
    let results = await checkedOutcomes { scheme in
      try await scheme.admit(pieces[scheme.party], for: scheme.party == 1 ? "another" : "model").count
    }
    for result in results {
      #expect(throws: SharingError.cheating(check: .inputs, layer: "input")) { try result.get() }
    }
  }

  /// What multiplies two shares of scalars, or of images and kernels.
  static let forms: [Bilinear] = {
    func matmul(_ m: Int, _ k: Int, _ n: Int, _ left: Bool, _ right: Bool) -> Bilinear {
      .matmul(m: m, k: k, n: n, transposeLeft: left, transposeRight: right)
    }
    let convolution = Convolution(strideHeight: 2, strideWidth: 1, paddingHeight: 1, paddingWidth: 1)
    let product = PlaneProduct(input: [2, 3, 7, 6], weight: [4, 3, 3, 2], convolution)
    return [
      .elementwise([37]), matmul(1, 9, 1, false, false), matmul(5, 3, 7, true, false), matmul(1, 6, 20, false, true),
      matmul(1, 70, 3, true, false),
    ]
      + [matmul(19, 2, 4, true, true), matmul(2, 0, 3, false, false)]
      + (product.map { [.conv2d($0), .conv2dInputGradient($0), .conv2dWeightGradient($0)] } ?? [])
  }()

  /// A product of every form is what it is in the clear, and no error of a power of two passes, from any party; 2⁶³ neither.
  @Test(arguments: forms.indices)
  func everyPowerOfTwoIsCaught(form index: Int) async throws {
    let form = Self.forms[index]
    var generator = SeedTree(seed: 810 + UInt64(index)).generator()
    let operands = [form.leftShape, form.rightShape].map { shape in
      RingTensor(shape: shape, scalars: (0..<shape.count).map { _ in generator.next() })
    }
    let pieces = try replicatedShares(of: operands)
    @Sendable func multiply(_ scheme: CheckedScheme) async throws -> [RingTensor] {
      let shares = try await scheme.admit(pieces[scheme.party])
      let products = try await scheme.multiply([Multiplication(form, shares[0], shares[1])])
      return try await scheme.open(try await scheme.reduce(products))
    }
    for result in try await simulateChecked(multiply) { #expect(result == [form(operands[0], operands[1])]) }
    guard form.checkedCount > 0 else { return }
    for bit in 0..<64 as Range<UInt64> {
      let cheater = Int(bit) % 3
      let word = generator.next() % UInt64(form.checkedCount)
      let results = await checkedOutcomes { base in
        TamperingChannel(base, base.party == cheater ? .tellOnePeer : nil, round: 4, seed: 64 * word + bit)
      } _: {
        try await multiply($0)
      }
      for (party, result) in results.enumerated() where party != cheater {
        #expect(throws: (any Error).self, "bit \(bit) by \(cheater)") { try result.get() }
      }
      // Who was told the wrong word is the previous party.
      #expect(throws: SharingError.cheating(check: .products, layer: "")) { try results[(cheater + 2) % 3].get() }
    }
  }

  /// Random points of two or so coefficients let some errors pass: as many as the polynomials' zeros say, whatever the inputs are.
  ///
  /// One product with an error is weighted, as is its part, and folded by three variables, in which it is at 0, then by three and by
  /// two a level, in which it is what is left of the claim at 1; it is masked at the end, where 0 is taken for 1 as well.
  @Test func forgeriesAreAsRareAsTheBoundSays() async throws {
    try await Self.checkForgeries(of: .elementwise([1]), chances: 2 + 3 + 3 + 2 * 8)
  }

  /// As much of products of one row: a scalar of the result is weighted, all of them are as the seven parts are together, and folded by
  /// three variables, in which an error is what is left of the claim at 1; then as before.
  @Test func forgeriesOfRowsAreAsRareAsTheBoundSays() async throws {
    try await Self.checkForgeries(
      of: .matmul(m: 1, k: 1, n: 1, transposeLeft: false, transposeRight: false), chances: 1 + 7 + 3 + 2 * 8)
  }

  /// - Parameter chances: points of which one that is 0 (or 1, where the error is at 1) lets the error pass.
  private static func checkForgeries(of form: Bilinear, chances: Int) async throws {
    let (bits, trials) = (5, 400)
    let miss = 1 - 1 / Double(1 << bits)
    let expected = 1 - pow(miss, Double(chances)) * (1 - 2 / Double(1 << bits))
    for (value, error) in [(3 as UInt64, 5 as UInt64), (0 &- 70_000, 63)] {
      let pieces = try replicatedShares(of: [RingTensor(repeating: value, shape: form.leftShape)])
      var passed = 0
      for _ in 0..<trials {
        let results = await checkedOutcomes { base in
          TamperingChannel(base, base.party == 1 ? .tellOnePeer : nil, round: 4, seed: error)
        } _: { scheme in
          scheme.challengeMask = 1 << UInt64(bits) - 1
          let x = try await scheme.admit(pieces[scheme.party])[0]
          let square = try await scheme.multiply([Multiplication(form, x, x)])
          return try await scheme.open(try await scheme.reduce(square))
        }
        if case .success = results[0] { passed += 1 }
      }
      let deviation = (expected * (1 - expected) / Double(trials)).squareRoot()
      #expect(abs(Double(passed) / Double(trials) - expected) < 5 * deviation, "\(passed) of \(trials), \(expected)")
    }
  }

  /// Whether a run ends, and by which check, is the same for all inputs: an error in any bit of a comparison's gates tells nothing,
  /// nor does one in the words that bits become.
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
        case .failure(SharingError.cheating(let check, _, _)): outcomes[place].append(check.rawValue)
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
    // Every flip ended the run; those of a coin, by its comparison.
    #expect(Set(outcomes[0]).isSubset(of: ["gates", "products", "agreement", "ChannelError"]))
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

extension CheckedShare {
  /// Another share than the one that is held: the first component is off by so much.
  fileprivate init(held: HeldShare, plus word: UInt64) {
    self.init(HeldShare(components: [held.components[0].adding(word), held.components[1]]))
  }
}
