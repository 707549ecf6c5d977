import Transports

/// A party's side of the conversation with another party that measures the way to it.
struct ProbeDialogue {
  let connection: FrameConnection
  let state: PartyState
  let party: PartyID

  private static let mostQuestions = 32
  private static let idle = Duration.seconds(10)

  func run(first: Message) async throws {
    try await ClientDialogue.greet(connection, first: first, party: party)
    for _ in 0..<Self.mostQuestions {
      let frame = try ServingFrame<Request>(try await connection.receive(within: Self.idle))
      guard case .health = frame.control else {
        return try await ClientDialogue.refuse(
          ServingError.badRequest("another party may only ask how this one is"), on: connection)
      }
      try await connection.send(try ServingFrame(Reply.health(await state.health)).message)
    }
  }
}
