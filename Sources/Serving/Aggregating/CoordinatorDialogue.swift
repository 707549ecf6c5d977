import Identity
import Sharing
import Tensors
import Transports

/// A party's side of the conversation with a coordinator: takes in workers' sealed shares and adds them up with the other
/// parties.
struct CoordinatorDialogue {
  let connection: FrameConnection
  let state: PartyState
  let party: PartyID
  let desk: AggregationDesk?

  /// The sum whose shares come in, and the shares that could be opened.
  private struct Tray {
    let sum: SharedSum
    var parcels: [Int: [UInt8]] = [:]
  }

  /// Answers requests until the coordinator goes.
  func run(first: Message) async throws {
    try await ClientDialogue.greet(connection, first: first, party: party)
    guard let desk else {
      return try await ClientDialogue.refuse(
        ServingError.badRequest(
          "sums of workers' shares are the business of three replicated parties, without a dealer"),
        on: connection)
    }
    var tray: Tray?
    while true {
      let message = try await connection.receive(within: ClientDialogue.idle)
      do {
        try await answer(try ServingFrame<Request>(message), desk, &tray)
      } catch let error as ChannelError {
        throw error
      } catch {
        try await ClientDialogue.refuse(error, on: connection)
      }
    }
  }

  private func answer(_ frame: ServingFrame<Request>, _ desk: AggregationDesk, _ tray: inout Tray?) async throws {
    switch frame.control {
    case .aggregationKey: try await send(.aggregationKey(desk.credential))
    case .collect(let sum):
      try sum.validate()
      tray = Tray(sum: sum)
      try await send(.stored)
    case .contribution(let worker, let part):
      guard let current = tray, current.sum.workers.indices.contains(worker), current.parcels[worker] == nil else {
        throw ServingError.badRequest("shares of a worker that is not in the sum, or is in it already")
      }
      try await take(part, frame.body, of: worker, desk, into: &tray)
    case .aggregate(let id, let needed):
      guard let current = tray else { throw ServingError.badRequest("a sum without shares") }
      tray = nil
      try await follow(
        PendingAggregation(id: id, sum: current.sum, needed: needed, parcels: current.parcels, desk: desk))
    case .hello, .share, .models, .health, .links, .page, .query, .prepare, .withdraw, .rows, .count, .train, .resume:
      throw ServingError.badRequest("a coordinator may ask for sums of shares alone")
    }
  }

  /// A worker whose shares cannot be opened is left out of the sum, as one that is gone.
  private func take(
    _ part: SealedPart, _ box: ArraySlice<UInt8>, of worker: Int, _ desk: AggregationDesk, into tray: inout Tray?
  ) async throws {
    guard let sum = tray?.sum else { return }
    do {
      tray?.parcels[worker] = try desk.open(part, Array(box), of: sum, worker: worker)
      try await send(.contribution(fault: nil))
    } catch let error as ServingError { try await send(.contribution(fault: "\(error)")) }
  }

  private func follow(_ work: PendingAggregation) async throws {
    for try await answer in try await state.start(work) {
      try await send(
        .aggregated(accepted: answer.accepted, tooLong: answer.tooLong, bytesSent: answer.byteCount),
        body: answer.summand.map { WordBytes.bytes(of: $0.scalars) } ?? [])
    }
  }

  private func send(_ reply: Reply, body: [UInt8] = []) async throws {
    try await connection.send(try ServingFrame(reply, body: body).message)
  }
}
