extension ClusterClient {
  /// Where pages reach the parties, in their order, as each of them says itself.
  ///
  /// - Throws: ``ServingError/refused(party:reason:exitCode:)`` for a party without a door for pages.
  public func pages() async throws -> [PartyPage] {
    try await ask(connections.map { _ in ServingFrame(.page) }).enumerated().map { party, reply in
      guard case .page(let page) = reply.control else { throw ServingError.unexpectedReply(party: party) }
      guard page.isSound else {
        throw ServingError.untrusted("party \(party) names no address and key that a page could use")
      }
      return page
    }
  }

  /// The card of a model that this client has shared for pages.
  ///
  /// - Throws: ``ServingError/policy(_:)`` where it is another's, or not for pages.
  public func ownCard(of name: String) async throws -> ModelCard {
    let card = try await card(of: name)
    guard let details = try await models().first(where: { $0.name == name })?.details else {
      throw ServingError.policy(
        "the model \"\(name)\" was shared with another certificate: only its owner makes tokens")
    }
    guard details.terms.origins != nil else {
      throw ServingError.policy("the model \"\(name)\" is not for pages: share it with --web-origin")
    }
    return card
  }
}
