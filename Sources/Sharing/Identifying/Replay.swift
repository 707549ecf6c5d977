import Tensors
import Transports

/// How a program that is run once more ends.
enum ReplayEnd: Error {
  /// At the check that failed.
  case failedCheck
  /// The record is not that of the program.
  case differs
}

/// What a party's program is run on once more: what was opened comes from a record, and in the place of MACs stand tags, or what
/// tags differ from multiples of shares by. Shares themselves are not known, and are taken as zero.
final class Replay {
  typealias MACs = (_ demand: Demand, _ place: DealtPlace) async throws -> Message

  private let macs: MACs
  private var events: ArraySlice<OpeningRecord.Event>
  private var messages: ArraySlice<Message>
  private var checksLeft: Int
  let subject: PairSubject

  /// - Parameter sent: what the party whose shares are looked at has sent since the last check.
  init(
    _ events: [OpeningRecord.Event], _ sent: [OpeningRecord.Sent], subject: PairSubject, macs: @escaping MACs
  ) {
    self.macs = macs
    self.events = events[...]
    self.subject = subject
    messages = sent.filter { $0.kind == .opening }.map(\.message)[...]
    checksLeft = events.count { $0 == .check }
  }

  /// Whether the check to come is the one that failed.
  var isLastBatch: Bool { checksLeft == 0 }

  func macs(for demand: Demand, at place: DealtPlace) async throws -> Inbox {
    guard demand.macWordCount > 0 else { return Inbox(Message()) }
    let message = try await macs(demand, place)
    guard message.count == 8 * demand.macWordCount else {
      throw SharingError.wrongCorrections(expected: 8 * demand.macWordCount, received: message.count)
    }
    return Inbox(message)
  }

  /// What was opened next, so many words.
  func opened(_ count: Int) throws -> [UInt64] {
    guard case .opened(let words) = events.popFirst(), words.count == count else { throw ReplayEnd.differs }
    return words
  }

  /// The message of the party that is looked at for the opening at hand.
  func message(_ byteCount: Int) throws -> Inbox {
    guard let message = messages.popFirst(), message.count == byteCount else { throw ReplayEnd.differs }
    return Inbox(message)
  }

  /// - Throws: ``ReplayEnd``.
  func check() throws {
    guard checksLeft > 0 else { throw events.isEmpty ? ReplayEnd.failedCheck : ReplayEnd.differs }
    guard case .check = events.popFirst() else { throw ReplayEnd.differs }
    checksLeft -= 1
  }
}

extension AuthenticatedScheme {
  /// A session in which a program is run once more.
  ///
  /// - Parameter keys: what public summands are multiplied by in the place of MACs.
  static func replaying(
    _ replay: Replay, as party: PartyID, partyCount: Int, keys: MACKeys
  ) -> AuthenticatedScheme {
    AuthenticatedScheme(
      channel: RehearsalChannel(partyCount: partyCount, party: party), keys: keys, replay: replay)
  }

  /// Runs the program once more, up to the check that failed: the ledger is that of what was to be checked there.
  ///
  /// - Throws: ``ReplayEnd/differs`` where it does not get there.
  func replay(_ program: (AuthenticatedScheme) async throws -> some Any) async throws {
    do { _ = try await program(self) } catch ReplayEnd.failedCheck { return }
    throw ReplayEnd.differs
  }

  /// What ``openSums(_:_:)`` opened then; in the batch that is checked, the shares that the party in question has shown, or the
  /// sums, with what stands for their MACs.
  func replaySums(
    _ words: [AuthenticatedWords], _ planes: [AuthenticatedPlanes], _ replay: Replay
  ) throws -> (words: [WideTensor], planes: [[UInt64]]) {
    let count = words.reduce(0) { $0 + 2 * $1.count } + planes.reduce(0) { $0 + $1.words.count }
    var event = try replay.opened(count)[...]
    func take(_ count: Int) -> [UInt64] {
      defer { event = event.dropFirst(count) }
      return Array(event.prefix(count))
    }
    let opened = words.map { WideTensor(shape: $0.shape, words: take(2 * $0.count)) }
    let bits = planes.map { take($0.words.count) }
    guard replay.isLastBatch else { return (opened, bits) }
    ledger.enter(layer)
    var (shown, shownBits) = (opened.map(\.words), bits)
    if replay.subject == .shares {
      var inbox = try replay.message(
        words.reduce(0) { $0 + 16 * $1.count } + planes.reduce(0) { $0 + $1.block.byteCount })
      shown = words.map { inbox.words(2 * $0.count) }
      shownBits = planes.map { inbox.planes($0.rows, bitCount: $0.count) }
    }
    for (tensor, own) in zip(shown, words) { ledger.append(tensor, macs: own.mac.words) }
    for (block, own) in zip(shownBits, planes) {
      ledger.append(planes: block, macs: own.macs, rows: own.rows, count: own.count)
    }
    return (opened, bits)
  }
}
