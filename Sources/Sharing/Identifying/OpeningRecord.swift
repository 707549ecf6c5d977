import Crypto
import Foundation
import Transports

/// What was opened since a session began, and what everybody sent since its last check: what a program can be run on once more.
struct OpeningRecord: Sendable {
  /// One opening's sums, inputs under masks, or a coin; or a check that was passed.
  enum Event: Hashable, Sendable, Codable {
    case opened([UInt64])
    case check
  }

  /// One party's message to all others.
  struct Sent: Hashable, Sendable, Codable {
    enum Kind: UInt8, Sendable, Codable {
      case opening, input, coin
    }
    let kind: Kind
    let message: Message
  }

  private(set) var events: [Event] = []
  /// By sender.
  private(set) var sent: [[Sent]]
  private var chain = SHA256()

  init(partyCount: Int) { sent = [[Sent]](repeating: [], count: partyCount) }

  mutating func append(_ words: [UInt64]) { append(.opened(words)) }

  /// - Parameter messages: everybody's, in the order of the parties.
  mutating func note(_ kind: Sent.Kind, _ messages: [Message]) {
    for (party, message) in messages.enumerated() { sent[party].append(Sent(kind: kind, message: message)) }
  }

  /// All that was sent has passed a check: of that, what was opened is enough.
  mutating func pass() {
    append(.check)
    sent = sent.map { _ in [] }
  }

  /// Of all that was opened since the session began.
  var digest: [UInt8] { Array(chain.finalize()) }

  /// Of what a party has sent since the last check.
  func sentDigest(of party: PartyID) -> [UInt8] { Self.digest(of: sent[party]) }

  private mutating func append(_ event: Event) {
    Self.update(&chain, with: event)
    events.append(event)
  }

  static func digest(of events: [Event]) -> [UInt8] {
    var hash = SHA256()
    for event in events { update(&hash, with: event) }
    return Array(hash.finalize())
  }

  static func digest(of sent: [Sent]) -> [UInt8] {
    var hash = SHA256()
    for item in sent {
      update(&hash, item.kind.rawValue, count: item.message.count)
      hash.update(data: item.message)
    }
    return Array(hash.finalize())
  }

  private static func update(_ hash: inout SHA256, with event: Event) {
    switch event {
    case .opened(let words):
      update(&hash, 0, count: words.count)
      words.withUnsafeBytes { hash.update(bufferPointer: $0) }
    case .check: update(&hash, 1, count: 0)
    }
  }

  private static func update(_ hash: inout SHA256, _ tag: UInt8, count: Int) {
    hash.update(data: [tag] + UInt64(count).bytes)
  }
}
