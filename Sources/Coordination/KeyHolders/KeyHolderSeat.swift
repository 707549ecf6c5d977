import Links
import NIOConcurrencyHelpers

/// The place of one key-holder at a coordinator: its link, while it has one. It is asked one question at a time.
final class KeyHolderSeat: Sendable {
  private struct State {
    var link: (any Link)?
    var lastQuestion = 0
    var faultCount = 0
  }

  let name: String
  private let state = NIOLockedValueBox(State())

  init(name: String) { self.name = name }

  var isOnline: Bool { state.withLockedValue { $0.link != nil } }
  /// How often there was no right share from it; others are asked first.
  var faultCount: Int { state.withLockedValue { $0.faultCount } }

  func noteFault() { state.withLockedValue { $0.faultCount += 1 } }

  /// Takes over a link; an older one of this key-holder is closed.
  func attach(_ link: any Link) {
    let old = state.withLockedValue { state in
      defer { state.link = link }
      return state.link
    }
    if let old { Task { await old.close() } }
  }

  /// Asks and waits for the decryption share, as bytes, and the number of its holder.
  ///
  /// - Throws: ``CoordinationError/late(_:after:)``, ``CoordinationError/gone(_:)``,
  ///   ``CoordinationError/workerFailed(_:reason:)`` with the holder's reason.
  func ask(
    _ request: OpeningRequest, body: LinkBody, within patience: Duration
  ) async throws -> (holder: Int, bytes: [UInt8]) {
    var request = request
    let (link, number) = state.withLockedValue { state in
      state.lastQuestion += 1
      return (state.link, state.lastQuestion)
    }
    guard let link else { throw CoordinationError.gone(name) }
    request.number = number
    let end = ContinuousClock.now + patience
    do {
      try await link.send(try MessageCoding.message(request, body: body))
      while true {
        let message = try await link.receive(within: max(.zero, end - .now))
        let answer: KeyHolderMessage = try MessageCoding.header(of: message, from: name)
        // Any other is late, and nobody waits for it.
        if answer.question == number { return try share(answer, message.body) }
      }
    } catch let error as LinkError {
      switch error {
      case .timedOut: throw CoordinationError.late(name, after: patience)
      case .cancelled: throw CancellationError()
      case .closed, .closedHere, .lost, .unreachable, .oversizedMessage, .malformedFrame, .notTrusted, .refused,
        .badAddress, .wrongVersion:
        lose(link)
        throw CoordinationError.gone(name)
      }
    }
  }

  private func share(_ answer: KeyHolderMessage, _ body: LinkBody) throws -> (holder: Int, bytes: [UInt8]) {
    switch (answer.reply, body) {
    case (.share(let holder), .bytes(let bytes)): return (holder, bytes)
    case (.refused(let reason), _): throw CoordinationError.workerFailed(name, reason: reason)
    case (.share, _): throw CoordinationError.malformedMessage(from: name)
    }
  }

  private func lose(_ link: any Link) {
    state.withLockedValue { state in if state.link === link { state.link = nil } }
  }

  func close() async {
    let link = state.withLockedValue { state in
      defer { state.link = nil }
      return state.link
    }
    await link?.close()
  }
}
