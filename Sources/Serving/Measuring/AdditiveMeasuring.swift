import Sharing
import Tensors
import Transports

/// A session of additive parties, whose last one has tickets dealt for a few runs at a time, before they begin.
struct AdditiveMeasuring: MeasuringSession {
  let channel: any Channel
  let scheme: AdditiveScheme
  private let stock: DealtStock
  private let dealer: any DealerAccess
  private let epoch: [UInt8]
  private var computation: DealtComputation?
  private var programCount = 0
  private var nextStep: UInt32 = 0
  private var dealtUpTo: UInt32 = 0
  private var expected: UInt32 = 1
  private var dealingSeconds = 0.0
  private var dealtCount = 0

  var costs: any CostModel { AdditiveCosts(partyCount: channel.partyCount) }
  var traffic: Cost { scheme.traffic }
  var offlineSeconds: Double { dealingSeconds / Double(max(dealtCount, 1)) }
  private var isLast: Bool { channel.party == channel.partyCount - 1 }

  /// Tickets lie in memory: not many more bytes than this.
  private static let mostBytes = 64 << 20

  init(over channel: any Channel, dealer: any DealerAccess) async throws {
    self.channel = channel
    self.dealer = dealer
    let key = try await dealer.key()
    epoch = key.epoch
    stock = DealtStock(key: key.bytes, partyCount: channel.partyCount)
    scheme = try await AdditiveScheme.start(over: channel, source: stock, session: "bench")
  }

  mutating func begin(_ program: WorkloadProgram) async throws -> [String: AdditiveShare] {
    programCount += 1
    let computation = try DealtComputation(
      .init(
        graph: program.graph, fractionBits: program.fractionBits, widths: try ValueBounds(program).widths,
        numbers: program.numbers, fixed: program.fixed.sorted(), label: "bench \(programCount)"))
    self.computation = computation
    (nextStep, dealtUpTo, expected, dealingSeconds, dealtCount) = (0, 0, 1, 0, 0)
    var inputs = try await share(program)
    inputs.merge(try await computation.fix(inputs, on: scheme)) { $1 }
    return inputs
  }

  mutating func expect(runs: Int) { expected = nextStep + UInt32(runs) }

  mutating func beginRun() async throws {
    guard let computation else { return }
    if isLast {
      if nextStep == dealtUpTo { try await refill(computation) }
      try stock.open(computation.program, step: nextStep)
    }
    try scheme.beginStep(of: computation.program, at: nextStep)
    nextStep += 1
  }

  /// Has tickets made, as many as memory should hold. The first brings the dealer's preparations with it, and serves a
  /// warm-up: it does not count.
  private mutating func refill(_ computation: DealtComputation) async throws {
    let clock = ContinuousClock()
    let start = clock.now
    var byteCount = 0
    let first = dealtUpTo
    repeat {
      let ticket = try await dealer.ticket(of: computation, step: dealtUpTo, epoch: epoch)
      stock.add(ticket, for: computation.program, step: dealtUpTo)
      byteCount += ticket.count
      dealtUpTo += 1
    } while dealtUpTo < expected && byteCount < Self.mostBytes
    guard first > 0 else { return }
    dealingSeconds += (clock.now - start) / .seconds(1)
    dealtCount += Int(dealtUpTo - first)
  }

  private func share(_ program: WorkloadProgram) async throws -> [String: AdditiveShare] {
    var parcel: AdditiveSharing.Parcel
    if channel.party == 0 {
      let parcels = AdditiveSharing.parcels(of: try program.encodedInputs(), partyCount: channel.partyCount)
      for peer in channel.peers { try await channel.send(parcels[peer].bytes, to: peer) }
      parcel = parcels[0]
    } else {
      parcel = try AdditiveSharing.Parcel(
        bytes: try await channel.receive(from: 0)[...], party: channel.party, partyCount: channel.partyCount)
    }
    let shares = try AdditiveSharing.unpack(
      parcel, party: channel.party, partyCount: channel.partyCount, shapes: program.shapes)
    return Dictionary(uniqueKeysWithValues: zip(program.names, shares))
  }
}
