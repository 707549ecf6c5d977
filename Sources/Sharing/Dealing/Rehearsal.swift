import Arithmetic
import NIOConcurrencyHelpers
import Transports

/// The last party's end of a channel on which every peer always sends what this party sends, all zero: messages of additive
/// sharing have the same length in both directions.
struct RehearsalChannel: Channel {
  let partyCount: Int
  let party: PartyID
  /// What is sent where nothing comes back at once, as in a shuffle.
  private let lastByteCount = NIOLockedValueBox(0)

  init(partyCount: Int, party: PartyID? = nil) {
    self.partyCount = partyCount
    self.party = party ?? partyCount - 1
  }

  func binding(with peer: PartyID) -> [UInt8] { [] }
  func send(_ message: Message, to peer: PartyID) async throws(ChannelError) {
    lastByteCount.withLockedValue { $0 = message.count }
  }
  func receive(from peer: PartyID) async throws(ChannelError) -> Message {
    Message(repeating: 0, count: lastByteCount.withLockedValue { $0 })
  }
  func exchange(_ outgoing: [Outgoing], from sources: [PartyID]) async throws(ChannelError) -> [Message] {
    for item in outgoing { try await send(item.message, to: item.peer) }
    var messages: [Message] = []
    for source in sources { messages.append(try await receive(from: source)) }
    return messages
  }
  func close() async {}
}

/// Writes down what is demanded, and gives zeros.
final class RehearsalSource: CorrelationSource {
  private let partyCount: Int
  private let form: DealtForm
  private let demands = NIOLockedValueBox<[(place: DealtPlace, demand: Demand)]>([])

  init(partyCount: Int, form: DealtForm = .additive) {
    self.partyCount = partyCount
    self.form = form
  }

  func key() -> [UInt8] { SecureRandom.bytes(PseudorandomGenerator.keyByteCount) }

  func corrections(for demand: Demand, at place: DealtPlace) -> ArraySlice<UInt8> {
    demands.withLockedValue { $0.append((place, demand)) }
    return ArraySlice(repeating: 0, count: demand.correctionByteCount(partyCount: partyCount, form: form))
  }

  func operations(of program: String) -> [DealtProgram.Operation] {
    demands.withLockedValue { demands in
      demands.filter { $0.place.program == program }
        .map { DealtProgram.Operation(number: $0.place.operation, demand: $0.demand) }
    }
  }
}
