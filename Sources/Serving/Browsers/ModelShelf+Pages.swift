import Foundation

/// What pages may ask of the models on a shelf.
extension ModelShelf {
  func allows(origin: String) -> Bool { offers.contains { $0.terms.origins?.contains(origin) ?? false } }

  /// The model that a token is for.
  ///
  /// - Throws: ``ServingError/policy(_:)`` saying what is wrong with the token, or ``ServingError/unknownModel(_:)``.
  func model(
    named name: String, for shown: PageToken.Shown, from origin: String, at now: Date = Date()
  ) throws -> SharedModel {
    let token = shown.token
    guard token.model == name else {
      throw ServingError.policy(
        "the token is for the model \"\(token.model.prefix(64))\", and the page asks \"\(name.prefix(64))\"")
    }
    let model = try model(name, for: CallerID(holding: token), at: now)
    guard let origins = offer(of: name)?.terms.origins else {
      throw ServingError.policy("the model \"\(name)\" is not for pages: its owner shared it without --web-origin")
    }
    guard origins.contains(origin) else {
      throw ServingError.policy("the owner of the model \"\(name)\" has not allowed pages of \(origin.prefix(200))")
    }
    guard let owner = ownerKey(of: name), shown.isSigned(by: owner) else {
      throw ServingError.policy("the token is not signed by the owner of the model \"\(name)\"")
    }
    guard token.key == model.key else {
      throw ServingError.policy(
        "the model \"\(name)\" was shared again since the token was made: ask its owner for a new one")
    }
    guard Double(token.expires) > now.timeIntervalSince1970 else {
      throw ServingError.policy("the token has expired: ask the model's owner for a new one")
    }
    if try database.isUsed(token) { throw Self.used }
    return model
  }

  /// Notes that a token is used: once, and for good.
  func use(_ token: PageToken) throws {
    guard try database.use(token) else { throw Self.used }
  }

  private static var used: ServingError { .policy("the token was used before: each is for one question") }
}
