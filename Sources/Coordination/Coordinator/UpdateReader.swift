import Federation
import Links

/// Reads workers' updates where the coordinator sees them.
struct UpdateReader: Sendable {
  let layout: WeightLayout
  let extraCount: Int
  let compression: UpdateCompression?
  let recorder: RunRecorder?

  /// - Throws: ``CoordinationError/malformedMessage(from:)``, `FederationError` where the update is not one of this model.
  func update(
    _ answer: WorkerSeat.Answer, from name: String, round: Int, attempt: Int
  ) throws -> (Update, VectorHeader) {
    guard case .update(let header) = answer.reply, Judgement.isPlausible(header.judged) else {
      throw CoordinationError.malformedMessage(from: name)
    }
    try recorder?.note(answer.body, from: name, round: round, attempt: attempt, what: "update")
    var update = Update(vector: [], exampleCount: header.examples, loss: header.loss)
    switch answer.body {
    case .bytes(let bytes) where compression != nil:
      update.vector = try compression?.decode(bytes, count: layout.count) ?? []
    case .floats where compression != nil: throw CoordinationError.malformedMessage(from: name)
    case .floats(let floats) where extraCount == 0: update.vector = floats
    case .floats(let floats) where floats.count == layout.count + extraCount:
      update.vector = Array(floats[..<layout.count])
      update.extras = Array(floats[layout.count...])
    default: throw CoordinationError.malformedMessage(from: name)
    }
    try update.check(count: layout.count, extraCount: extraCount)
    return (update, header)
  }
}
