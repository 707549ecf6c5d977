import Graphs
import NIOConcurrencyHelpers
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

/// A peer that sends wrong lengths or dies: every party ends, with the documented error. Contents are not checked; the
/// protocols are for honest parties.
@Suite struct AdversarialTests {
  /// Key agreement, then every kind of message.
  static func run(_ channel: any Channel) async throws {
    let scheme = try await ReplicatedScheme.start(over: channel, session: "adversary")
    let x = scheme.constant(RingTensor(repeating: 3 << 16, shape: [1601]))
    let arithmetic = FixedPointArithmetic(scheme, fractionBits: 16)
    let products = try await scheme.multiply([Multiplication(.elementwise([1601]), x, x)])
    let reduced = try await scheme.reduce(products)
    let truncated = try await scheme.truncate([
      Truncation(products[0], by: 16), Truncation(scheme.product(x, by: 1), by: 3),
    ])
    var results = reduced + truncated
    for optimise in ReplicatedOptions.Optimisation.allCases {
      scheme.options = ReplicatedOptions(optimise: optimise, truncation: optimise == .rounds ? .fast : .safe)
      results += try await arithmetic.compare([(.less, x, truncated[0])])
      results += try await arithmetic.relu([x])
      let bits = try await scheme.decompose(x, width: 5)
      results += try await scheme.weightedSums(try await scheme.and([(bits[0], bits[4])]), tables: [[7]])
      results += try await scheme.truncate([Truncation(products[0], by: 16, mayFail: true)])
    }
    _ = try await scheme.open(try await scheme.shuffle([x]) + results)
  }

  static func outcomes(
    of plan: FaultPlan, at party: Int, deadline: Duration = .seconds(900)
  ) async -> [Result<Void, any Error>] {
    let wrap: @Sendable (MemoryChannel) -> any Channel = { channel in
      if channel.party == party { FaultyChannel(channel, plan: plan) } else { channel }
    }
    return await TestSupport.outcomes(deadline: deadline, wrapping: wrap) { try await run($0) }
  }

  static func isDocumented(_ error: any Error) -> Bool {
    if error is ChannelError { return true }
    if case SharingError.unexpectedLength = error { return true }
    return false
  }

  /// The number of messages that a party sends in an honest run.
  static func messageCount(of party: Int) async throws -> Int {
    let counts = try await simulate { channel in
      let counter = SendCounter(channel)
      try await run(counter)
      return counter.sentCount
    }
    return counts[party]
  }

  /// Party 2 deals where rounds are saved.
  @Test(arguments: [-1, 1, -1_000_000, 8], [1, 2])
  func wrongLengthsAreNoticed(change: Int, party: Int) async throws {
    for message in 0..<(try await Self.messageCount(of: party)) {
      let outcomes = await Self.outcomes(of: FaultPlan([message: .changeLength(by: change)]), at: party)
      let errors = outcomes.compactMap { outcome in
        if case .failure(let error) = outcome { error } else { nil }
      }
      #expect(errors.allSatisfy(Self.isDocumented))
      let noticed = errors.contains {
        if case SharingError.unexpectedLength(from: party, _, _) = $0 { true } else { false }
      }
      #expect(noticed, "message \(message)")
    }
  }

  @Test func deathIsNoticed() async throws {
    for message in 0..<(try await Self.messageCount(of: 1)) {
      let outcomes = await Self.outcomes(of: FaultPlan([message: .cut]), at: 1)
      for outcome in outcomes {
        guard case .failure(let error) = outcome else {
          // Who had its last message already is done.
          continue
        }
        #expect(error is ChannelError)
      }
      guard case .failure = outcomes[1] else {
        Issue.record("the party whose channel was cut went on")
        continue
      }
      #expect(outcomes.count { if case .failure = $0 { true } else { false } } >= 2, "message \(message)")
    }
  }

  @Test func silenceEndsAtTheDeadline() async throws {
    let outcomes = await Self.outcomes(of: FaultPlan([4: .drop]), at: 2, deadline: .milliseconds(300))
    for outcome in outcomes {
      guard case .failure(let error) = outcome else {
        Issue.record("a message was lost and nobody noticed")
        continue
      }
      #expect(Self.isDocumented(error))
    }
  }

  @Test func differentProgramsAreNoticed() async throws {
    let outcomes = await TestSupport.outcomes { channel in
      let scheme = try await ReplicatedScheme.start(over: channel, session: "mixed")
      let x = scheme.constant(RingTensor(repeating: 1, shape: [scheme.party == 0 ? 7 : 8]))
      _ = try await scheme.open([x])
    }
    #expect(outcomes.contains { if case .failure(let error) = $0 { error is SharingError } else { false } })
  }

  /// Parties with different session names have different keys and open different garbage, which they can see.
  @Test func sessionsAreApart() async throws {
    let opened = try await simulate { channel in
      let scheme = try await ReplicatedScheme.start(over: channel, session: "session \(channel.party)")
      let x = scheme.constant(RingTensor(repeating: 5, shape: [4]))
      let product = try await scheme.multiply([Multiplication(.elementwise([4]), x, x)])
      return try await scheme.open(try await scheme.reduce(product))[0]
    }
    #expect(opened[0] != RingTensor(repeating: 25, shape: [4]))
  }
}

/// Counts the messages that a party sends.
private final class SendCounter: Channel {
  private let base: any Channel
  private let count = NIOLockedValueBox(0)

  init(_ base: any Channel) { self.base = base }

  var sentCount: Int { count.withLockedValue { $0 } }
  var party: PartyID { base.party }
  var partyCount: Int { base.partyCount }
  func binding(with peer: PartyID) -> [UInt8] { base.binding(with: peer) }

  func send(_ message: Message, to peer: PartyID) async throws(ChannelError) {
    count.withLockedValue { $0 += 1 }
    try await base.send(message, to: peer)
  }

  func receive(from peer: PartyID) async throws(ChannelError) -> Message { try await base.receive(from: peer) }
  func close() async { await base.close() }
}
