internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Transports

/// What a connection asks of its link; one that has been replaced gets nothing more.
extension WebSocketLink {
  /// How the link greets on a new connection; called while no connection is attached, or by the one just attached.
  func greeting(of software: LinkSoftware, resumes: Bool) -> Hello {
    state.withLockedValue { state in
      let position = refresh(&state)
      state.announced = position
      return Hello(
        of: software, session: session, resumes: resumes, received: position.received, granted: position.granted)
    }
  }

  /// A connection takes over, after the peer has said how far it has come.
  func attach(_ carrier: Carrier, _ hello: Hello) throws(LinkError) {
    let (old, failure): (Carrier?, LinkError?) = state.withLockedValue { state in
      if let failure = state.failure { return (nil, failure) }
      guard state.outbox.resume(received: hello.received, granted: hello.granted) else {
        return (nil, .malformedFrame(from: peer.name, reason: "it claims to have pieces that were never sent"))
      }
      let old = state.carrier
      state.carrier = carrier
      state.assembler.dropPiece()
      state.isWoken = false
      state.healing?.cancel()
      state.healing = nil
      state.connectionCount += 1
      return (old, nil)
    }
    old?.channel.close(promise: nil)
    if let failure { throw failure }
  }

  /// The next piece to send.
  func nextPiece(for carrier: Carrier) -> OutgoingPiece? {
    withState(of: carrier) { $0.outbox.nextPiece() } ?? nil
  }

  /// The connection looks for something to send now.
  func noteAwake(_ carrier: Carrier) { _ = withState(of: carrier) { $0.isWoken = false } }

  /// What the peer must be told of how far this end has come; `nil` where nothing is due.
  func acknowledgement(for carrier: Carrier, evenIfEarly: Bool = false) -> Prefix? {
    withState(of: carrier) { state -> Prefix? in
      let (received, granted) = refresh(&state)
      let told = state.announced
      let interval = WebSocketLink.acknowledgementInterval
      let isDue =
        state.owesAcknowledgement || received - told.received >= interval || granted - told.granted >= interval
      guard isDue || evenIfEarly, (received, granted) != told else {
        state.owesAcknowledgement = false
        return nil
      }
      state.owesAcknowledgement = false
      state.announced = (received, granted)
      return Prefix(kind: .acknowledgement, number: received, count: granted)
    } ?? nil
  }

  func begin(_ prefix: Prefix, contentCount: Int, on carrier: Carrier) throws(LinkError) {
    let failure: LinkError? =
      withState(of: carrier) { state -> LinkError? in
        do throws(LinkError) {
          try state.assembler.begin(prefix, contentCount: contentCount)
          return nil
        } catch {
          return error
        }
      } ?? nil
    if let failure { throw failure }
  }

  func take(_ bytes: UnsafeRawBufferPointer, _ mask: Mask, on carrier: Carrier) {
    _ = withState(of: carrier) { $0.assembler.take(bytes, mask) }
  }

  /// A piece is whole.
  func end(on carrier: Carrier) {
    let message = withState(of: carrier) { state -> LinkMessage? in
      let message = state.assembler.end()
      // A sender of much should be able to let go of it soon.
      if let message, message.byteCount > Outbox.pieceByteCount / 4 { state.owesAcknowledgement = true }
      return message
    }
    if let message, let message { inbox.deliver(message) }
  }

  /// The peer has said how far it has come.
  func acknowledged(_ prefix: Prefix, on carrier: Carrier) throws(LinkError) {
    let outcome = withState(of: carrier) { state in
      let isSound = state.outbox.acknowledge(received: prefix.number, granted: prefix.count)
      return (isSound: isSound, isOver: state.isClosing && state.outbox.isEmpty)
    }
    guard let outcome else { return }
    guard outcome.isSound else {
      throw .malformedFrame(from: peer.name, reason: "it acknowledges pieces that were never sent")
    }
    if outcome.isOver { fail(.closedHere) }
  }

  func note(roundTrip: Duration) { state.withLockedValue { $0.roundTrip = roundTrip } }

  /// How far this end has come, with a new grant where there is room.
  private func refresh(_ state: inout State) -> (received: UInt64, granted: UInt64) {
    if state.isClosing || inbox.hasRoom { state.assembler.granted = state.assembler.received + WebSocketLink.window }
    return (state.assembler.received, state.assembler.granted)
  }

  private func withState<Value>(of carrier: Carrier, _ body: (inout State) -> Value) -> Value? {
    state.withLockedValue { state in carrier.isSame(as: state.carrier) ? body(&state) : nil }
  }
}
