import Graphs
import Sharing
import Tensors
import Transports

/// A session of parties with a dealer, whose last one has tickets dealt for a few runs at a time, before they begin.
struct DealtMeasuring<Scheme: DealtScheme>: MeasuringSession {
  let channel: any Channel
  let scheme: Scheme
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
  /// Of the outputs of the program: what the parties hold of them, and what party 0 knows.
  private var masks: (shares: [Scheme.Share], known: [RingTensor]) = ([], [])

  var costs: any CostModel { Scheme.costs(partyCount: channel.partyCount) }
  var traffic: Cost { scheme.traffic }
  var offlineSeconds: Double { dealingSeconds / Double(max(dealtCount, 1)) }
  private var isLast: Bool { channel.party == channel.partyCount - 1 }

  /// Tickets lie in memory: not many more bytes than this.
  private static var mostBytes: Int { 64 << 20 }

  init(over channel: any Channel, dealer: any DealerAccess) async throws {
    self.channel = channel
    self.dealer = dealer
    let key = try await dealer.key()
    epoch = key.epoch
    stock = DealtStock(key: key.bytes, partyCount: channel.partyCount, form: Scheme.form)
    scheme = try await Scheme.start(over: channel, source: stock, session: "bench", keys: "")
  }

  mutating func begin(_ program: WorkloadProgram) async throws -> [String: Scheme.Share] {
    programCount += 1
    let kept = program.names.filter { !program.fixed.contains($0) }
    let computation = try DealtComputation(
      .init(
        graph: program.graph, fractionBits: program.fractionBits, widths: try ValueBounds(program).widths,
        numbers: program.numbers, fixed: program.fixed.sorted(), kept: kept,
        keptAnswers: program.graph.outputs.map { program.graph.nodes[$0].shape }, label: "bench \(programCount)"))
    self.computation = computation
    (nextStep, dealtUpTo, expected, dealingSeconds, dealtCount) = (0, 0, 1, 0, 0)
    guard let preparation = try computation.preparation() else { return [:] }
    if isLast {
      let ticket = try await dealer.ticket(of: preparation, step: 0, epoch: epoch)
      stock.open(ticket, program: preparation.program, step: 0)
    }
    let prepared = try await preparation.prepare(try await share(program, preparation.content), on: scheme)
    masks.shares = prepared.masks
    return prepared.inputs
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

  func endRun() async throws { try await scheme.check() }

  func open(_ outputs: [Scheme.Share]) async throws -> [RingTensor] {
    var opened: [RingTensor] = []
    for (index, output) in outputs.enumerated() {
      let own = try await scheme.release(
        output, under: masks.shares.indices.contains(index) ? masks.shares[index] : nil)
      guard channel.party == 0 else {
        try await channel.send(WordBytes.bytes(of: own.scalars), to: 0)
        continue
      }
      var answers = [own]
      for message in try await channel.exchange([], from: channel.peers) {
        guard let words = WordBytes.words(in: message[...]), words.count == own.count else {
          throw ServingError.malformedMessage
        }
        answers.append(RingTensor(shape: own.shape, scalars: words))
      }
      opened.append(
        try Scheme.combine(answers, mask: masks.known.indices.contains(index) ? masks.known[index] : nil))
    }
    return opened
  }

  private mutating func share(
    _ program: WorkloadProgram, _ content: DealtComputation.Content
  ) async throws -> Scheme.Piece {
    let (party, partyCount) = (channel.party, channel.partyCount)
    var parcel: AdditiveSharing.Parcel
    if party == 0 {
      let owner = Scheme.parcels(
        of: try program.encodedInputs(content.prepared), answers: content.keptAnswers, partyCount: partyCount)
      for peer in channel.peers { try await channel.send(owner.parcels[peer].bytes, to: peer) }
      parcel = owner.parcels[0]
      masks.known = owner.masks
    } else {
      parcel = try AdditiveSharing.Parcel(
        bytes: try await channel.receive(from: 0)[...], party: party, partyCount: partyCount)
    }
    return try Scheme.unpack(
      parcel, party: party, partyCount: partyCount, shapes: content.prepared.map(content.shape),
      answers: content.keptAnswers)
  }
}
