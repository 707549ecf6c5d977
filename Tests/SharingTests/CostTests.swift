import Arithmetic
import Sharing
import Synchronization
import Tensors
import TestSupport
import Testing
import Transports

/// Counters against the wire, the cost model against the counters, and both against the published tables.
@Suite struct CostTests {
  typealias Spending = Cost

  /// What each step of a program of three parties spends, by party; all parties must take the same rounds.
  static func spendingByParty(
    _ inputs: [RingTensor], options: ReplicatedOptions = ReplicatedOptions(),
    _ steps: [@Sendable (ReplicatedScheme, [ReplicatedShare]) async throws -> Void]
  ) async throws -> [[Spending]] {
    let shares = try replicatedShares(of: inputs)
    let parties = try await simulateReplicated(options: options) { scheme in
      var spent: [Spending] = []
      for step in steps {
        let before = scheme.traffic
        try await step(scheme, shares[scheme.party])
        spent.append(scheme.traffic - before)
      }
      return spent
    }
    return steps.indices.map { step in
      #expect(Set(parties.map { $0[step].rounds }).count == 1, "step \(step)")
      return parties.map { $0[step] }
    }
  }

  /// The same, all parties' bytes together.
  static func spending(
    _ inputs: [RingTensor], options: ReplicatedOptions = ReplicatedOptions(),
    _ steps: [@Sendable (ReplicatedScheme, [ReplicatedShare]) async throws -> Void]
  ) async throws -> [Spending] {
    try await spendingByParty(inputs, options: options, steps).map { parties in
      Spending(rounds: parties[0].rounds, byteCount: parties.reduce(0) { $0 + $1.byteCount })
    }
  }

  /// Bytes a scalar as the tables have them; 4096 scalars fill whole bytes of bits in every chunk.
  @Test func tablesHold() async throws {
    let count = 4096
    let x = RingTensor(repeating: 5, shape: [count])
    let spent = try await Self.spending(
      [x],
      [
        { scheme, x in
          _ = try await scheme.reduce(try await scheme.multiply([Multiplication(.elementwise([4096]), x[0], x[0])]))
        },
        { scheme, x in _ = try await scheme.truncate([Truncation(scheme.product(x[0], by: 1), by: 16)]) },
        { scheme, x in _ = try await scheme.truncate([Truncation(scheme.product(x[0], by: 1), by: 24)]) },
        { scheme, x in
          let product = try await scheme.multiply([Multiplication(.elementwise([4096]), x[0], x[0])])[0]
          _ = try await scheme.truncate([Truncation(product, by: 16)])
        },
        { scheme, x in
          let product = try await scheme.multiply([Multiplication(.elementwise([4096]), x[0], x[0])])[0]
          _ = try await scheme.truncate([Truncation(product, by: 24)])
        },
        { scheme, x in _ = try await scheme.truncate([Truncation(scheme.product(x[0], by: 1), by: 25)]) },
        { scheme, x in _ = try await scheme.negative(x[0], width: 64) },
        { scheme, x in _ = try await scheme.negative(x[0], width: 32) },
        { scheme, x in _ = try await scheme.negative(x[0], width: 24) },
        { scheme, x in _ = try await FixedPointArithmetic(scheme, fractionBits: 16).relu(x) },
        { scheme, x in _ = try await FixedPointArithmetic(scheme, fractionBits: 16, comparisonWidth: 32).relu(x) },
        { scheme, x in _ = try await scheme.open(x) },
        { scheme, x in _ = try await scheme.decompose(x[0], width: 64) },
        { scheme, x in _ = try await scheme.decompose(x[0], width: 32) },
        { scheme, x in _ = try await scheme.shuffle(x) },
      ])
    let table: [(rounds: Int, bytes: Double)] = [
      (1, 24), (2, 22), (2, 25), (3, 30), (3, 33), (2, 28), (8, 68.25), (7, 32.625), (7, 23.625), (10, 108.25),
      (9, 72.625), (1, 24), (8, 140.25), (7, 57), (2, 32),
    ]
    for (spending, row) in zip(spent, table) {
      #expect(spending.rounds == row.rounds)
      #expect(Double(spending.byteCount) / Double(count) == row.bytes)
    }
  }

  /// With fewer rounds: what parties 0 and 1 exchange, and what party 2 deals.
  @Test func tablesHoldInFewRounds() async throws {
    let count = 4096
    let widths = [64, 32]
    let x = try replicatedShares(of: [RingTensor(repeating: 5, shape: [count])])
    let parties = try await simulateReplicated(options: ReplicatedOptions(optimise: .rounds)) { scheme in
      var spent: [Cost] = []
      for width in widths {
        let before = scheme.traffic
        _ = try await FixedPointArithmetic(scheme, fractionBits: 16, comparisonWidth: width).relu(x[scheme.party])
        spent.append(scheme.traffic - before)
      }
      return spent
    }
    let table: [(rounds: Int, online: Double, dealt: Double)] = [(7, 45.25, 48.375), (6, 37.75, 31.5)]
    for (index, row) in table.enumerated() {
      #expect(parties.allSatisfy { $0[index].rounds == row.rounds })
      #expect(parties[0][index].byteCount == parties[1][index].byteCount)
      #expect(Double(2 * parties[0][index].byteCount) == row.online * Double(count))
      #expect(Double(parties[2][index].byteCount) == row.dealt * Double(count))
    }
  }

  /// Truncation that may fail, of shares and of products; what may not fail costs as ever.
  @Test(arguments: [1, 1601]) func fastTruncationIsCheaper(count: Int) async throws {
    let options = ReplicatedOptions(truncation: .fast)
    let x = RingTensor(repeating: 5, shape: [count])
    let spent = try await Self.spending(
      [x], options: options,
      [
        { scheme, x in
          _ = try await scheme.truncate([Truncation(scheme.product(x[0], by: 1), by: 24, mayFail: true)])
        },
        { scheme, x in
          let product = try await scheme.multiply([Multiplication(.elementwise([count]), x[0], x[0])])[0]
          _ = try await scheme.truncate([
            Truncation(product, by: 24, mayFail: true), Truncation(scheme.product(x[0], by: 1), by: 9, mayFail: true),
          ])
        },
        { scheme, x in _ = try await scheme.truncate([Truncation(scheme.product(x[0], by: 1), by: 24)]) },
      ])
    let costs = ReplicatedCosts(options)
    #expect(spent[0] == Spending(rounds: 1, byteCount: 16 * count))
    #expect(spent[0] == costs.truncating([(count, 24)], additive: false, mayFail: true))
    #expect(spent[1] == Spending(rounds: 2, byteCount: 48 * count))
    #expect(spent[1] == costs.truncating([(count, 24), (count, 9)], additive: true, mayFail: true))
    #expect(spent[2] == ReplicatedCosts().truncating([(count, 24)], additive: false))
  }

  typealias Step = (cost: Spending, run: @Sendable (ReplicatedScheme, [ReplicatedShare]) async throws -> Void)

  /// The cost model of every primitive, over awkward sizes, and all widths and shifts; of all parties and of each.
  @Test(arguments: awkwardSizes, ReplicatedOptions.Optimisation.allCases)
  func costModelIsExact(count: Int, optimise: ReplicatedOptions.Optimisation) async throws {
    let options = ReplicatedOptions(optimise: optimise)
    let costs = ReplicatedCosts(options)
    let steps = Self.steps(costs, count: count)
    let spent = try await Self.spendingByParty(
      [RingTensor(repeating: 1, shape: [count])], options: options, steps.map(\.run))
    let byParty = (0..<3).map { Self.steps(costs.sent(by: $0), count: count).map(\.cost) }
    for (index, measured) in spent.enumerated() {
      let total = Spending(rounds: measured[0].rounds, byteCount: measured.reduce(0) { $0 + $1.byteCount })
      #expect(total == steps[index].cost, "step \(index) on \(count) scalars")
      #expect(measured == byParty.map { $0[index] }, "step \(index) on \(count) scalars, by party")
    }
  }

  static func steps(_ costs: any CostModel, count: Int) -> [Step] {
    let shape: Shape = [count]
    var steps: [Step] = [
      (
        costs.multiplying([.elementwise(shape)]) + costs.reducing(additiveCounts: [count]),
        { scheme, x in
          _ = try await scheme.reduce(try await scheme.multiply([Multiplication(.elementwise(shape), x[0], x[0])]))
        }
      ),
      (.none, { scheme, x in _ = try await scheme.reduce([scheme.product(x[0], by: 3)]) }),
      (
        costs.shuffling(counts: [count, 3 * count], rowCount: count),
        { scheme, x in
          _ = try await scheme.shuffle([
            x[0], scheme.map(x[0], to: [count, 3]) { _ in RingTensor(repeating: 1, shape: [count, 3]) },
          ])
        }
      ),
      (costs.opening(counts: [count, count]), { scheme, x in _ = try await scheme.open([x[0], x[0]]) }),
    ]
    for bits in [1, 16, 17, 32] {
      steps.append(
        (
          costs.truncating([(count, bits)], additive: false),
          { scheme, x in _ = try await scheme.truncate([Truncation(scheme.product(x[0], by: 1), by: bits)]) }
        ))
      steps.append(
        (
          costs.truncating([(count, bits), (count, 7)], additive: true),
          { scheme, x in
            let product = try await scheme.multiply([Multiplication(.elementwise(shape), x[0], x[0])])[0]
            _ = try await scheme.truncate([
              Truncation(product, by: bits), Truncation(scheme.product(x[0], by: 1), by: 7),
            ])
          }
        ))
    }
    for width in [2, 3, 5, 24, 31, 33, 64] {
      steps.append(
        (
          costs.comparing(count: count, width: width) + costs.converting(count: count)
            + costs.selecting(count: count, isOpened: true) + costs.selecting(count: count),
          { scheme, x in
            let bits = try await scheme.negative(x[0], width: width)
            _ = try await scheme.convert(bits)
            _ = try await scheme.multiply(bits, x[0])
            _ = try await scheme.multiply(bits, scheme.add(x[0], word: 1))
          }
        ))
      steps.append(
        (
          costs.decomposing(count: count, width: width) + costs.conjoining(counts: [count, count])
            + costs.weighting(count: count, bitCount: width, tableCount: 2),
          { scheme, x in
            let bits = try await scheme.decompose(x[0], width: width)
            _ = try await scheme.and([(bits[0], bits[1]), (bits[1], bits[0])])
            _ = try await scheme.weightedSums(bits, tables: [[UInt64]](repeating: Array(0..<UInt64(width)), count: 2))
          }
        ))
    }
    return steps
  }

  /// The counters themselves, and key agreement, against what passes through the channels.
  @Test(arguments: ReplicatedOptions.Optimisation.allCases)
  func countersMatchTheWire(optimise: ReplicatedOptions.Optimisation) async throws {
    let x = try replicatedShares(of: [RingTensor(repeating: 9, shape: [100])])
    let spent = try await simulate { channel -> (start: Transports.Traffic, run: Transports.Traffic, own: Spending) in
      let meter = MeteredChannel(AnyChannel(channel))
      let scheme = try await ReplicatedScheme.start(over: meter, session: "wire")
      scheme.options.optimise = optimise
      let start = meter.meter
      _ = try await FixedPointArithmetic(scheme, fractionBits: 16).sigmoid(x[scheme.party])
      return (start, meter.meter - start, scheme.traffic)
    }
    let starting = ReplicatedCosts().starting
    #expect(spent.reduce(0) { $0 + $1.start.bytesSent } == starting.byteCount)
    #expect(spent.allSatisfy { $0.start.rounds == starting.rounds })
    #expect(spent.allSatisfy { $0.run.bytesSent == $0.own.byteCount && $0.own.rounds == spent[0].own.rounds })
    // A party that deals is silent for some of the rounds.
    #expect(spent.dropLast().allSatisfy { $0.run.rounds == $0.own.rounds })
    #expect(optimise == .rounds || spent[2].run.rounds == spent[2].own.rounds)
  }

  @Test func sharingIsCountedRightly() {
    let tensors = [RingTensor(repeating: 1, shape: [7, 3]), RingTensor(repeating: 2, shape: [5])]
    let bytes = InputSharing.parcels(of: tensors).reduce(0) { $0 + $1.byteCount }
    #expect(ReplicatedCosts().sharing(counts: [21, 5]) == Spending(rounds: 1, byteCount: bytes))
    #expect(ReplicatedCosts().revealing(counts: [21, 5]) == Spending(rounds: 1, byteCount: 24 * 26))
  }
}

/// Any channel as one of a definite type, which wrappers ask for.
private struct AnyChannel: Channel {
  let base: any Channel

  init(_ base: any Channel) { self.base = base }

  var party: PartyID { base.party }
  var partyCount: Int { base.partyCount }
  func binding(with peer: PartyID) -> [UInt8] { base.binding(with: peer) }
  func send(_ message: Message, to peer: PartyID) async throws(ChannelError) { try await base.send(message, to: peer) }
  func receive(from peer: PartyID) async throws(ChannelError) -> Message { try await base.receive(from: peer) }
  func close() async { await base.close() }
}
