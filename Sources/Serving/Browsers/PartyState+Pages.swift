/// What pages may ask.
extension PartyState {
  /// Whether some model may be asked from pages of that origin.
  func allows(origin: String) -> Bool { shelf.allows(origin: origin) }

  /// The model that a token is for, if it would be answered now.
  func model(named name: String, for token: PageToken.Shown, from origin: String) throws -> SharedModel {
    do { return try shelf.model(named: name, for: token, from: origin) } catch {
      observer.metrics.noteRefusal(error, model: shelf.isServed(name) ? name : nil)
      throw error
    }
  }

  /// Queues the question that a token gives leave to; from now on the token is used, whatever becomes of the question.
  func start(_ query: PendingQuery, with token: PageToken.Shown, from origin: String) throws -> QueryStream {
    // The model may be another, and the token used or too old, since it was shown.
    let model = try model(named: query.model.name, for: token, from: origin)
    guard model.key == query.model.key else { throw ServingError.unknownModel(query.model.name) }
    _ = try admit(query.model.name, for: query.client, batch: query.batch)
    try shelf.use(token.token)
    return try start(query)
  }
}
