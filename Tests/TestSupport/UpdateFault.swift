package import Links

/// What a broken or hostile worker may send in place of an update.
package enum UpdateFault: String, CaseIterable, Sendable {
  case nan, wrongLength, wrongKind, replay, oldQuestion, garbage, silence
  /// So many held-out rows as no number can count, or fewer than none.
  case immenseRows, fewerThanNoRows

  /// What the coordinator gets instead; messages that are no updates stay as they are.
  package func alter(_ message: LinkMessage) -> [LinkMessage] {
    guard case .floats(let floats) = message.body, !floats.isEmpty else { return [message] }
    switch self {
    case .nan: return [LinkMessage(header: message.header, body: .floats(floats.map { _ in .nan }))]
    case .wrongLength: return [LinkMessage(header: message.header, body: .floats(Array(floats.dropLast())))]
    case .wrongKind: return [LinkMessage(header: message.header, body: .bytes([1, 2, 3]))]
    case .replay: return [message, message]
    case .oldQuestion:
      if message.isShort { return [message.replacing(at: 2, with: 1)] }
      let header = String(decoding: message.header, as: UTF8.self)
        .replacing(/"question":\d+/, with: "\"question\":1")
      return [LinkMessage(header: Array(header.utf8), body: message.body)]
    case .garbage: return [LinkMessage(header: [0x7b, 0xff], body: .none)]
    case .silence: return []
    case .immenseRows: return [message.replacing(at: 26, with: 1e300.bitPattern)]
    case .fewerThanNoRows: return [message.replacing(at: 26, with: (-5.0).bitPattern)]
    }
  }
}

extension LinkMessage {
  /// Whether the header is a task or an update in its short form, whose numbers lie at fixed places.
  package var isShort: Bool { [1, 2].contains(header.first) }

  /// With another number of eight bytes in its short header.
  package func replacing(at offset: Int, with word: UInt64) -> LinkMessage {
    guard isShort, header.count >= offset + 8 else { return self }
    var header = header
    withUnsafeBytes(of: word.littleEndian) { header.replaceSubrange(offset..<offset + 8, with: $0) }
    return LinkMessage(header: header, body: body)
  }
}

extension Link {
  /// Passes on what comes, altered by what it is and its number, from 0, until either link ends. A worker that was slow to agree to a
  /// job is asked again: however often it says so, that is number 0.
  package func pass(
    on target: any Link, _ alteration: (LinkMessage, Int) -> [LinkMessage] = { message, _ in [message] }
  ) async {
    var number = 0
    while let message = try? await receive(within: .seconds(600)) {
      if String(decoding: message.header, as: UTF8.self).contains("\"accepted\"") { number = 0 }
      for altered in alteration(message, number) {
        if (try? await target.send(altered)) == nil { return }
      }
      number += 1
    }
  }
}
