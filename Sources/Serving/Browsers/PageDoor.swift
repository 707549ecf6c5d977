import Foundation
import Identity
import Links
import Logging
import Sharing
import Transports

/// A party's door for pages: whoever comes with a token of a model's owner may ask one question.
struct PageDoor: Sendable {
  /// What pages need to know of it.
  let page: PartyPage
  private let door: BrowserDoor

  /// - Parameter deadline: how long a question may wait for its answer.
  static func open(
    _ settings: PageDoorSettings, scheme: ClusterScheme, party: PartyID, key: PageKey, state: PartyState,
    deadline: Duration, logger: Logger
  ) async throws -> PageDoor {
    guard scheme == .replicated else {
      throw ServingError.badRequest("pages share among three parties without a dealer: this cluster has one")
    }
    let door = try await BrowserDoor.open(
      listen: settings.address, certificate: settings.certificate,
      allows: { origin in
        guard settings.allows(origin) else { return false }
        return await state.allows(origin: origin)
      },
      talk: { connection in
        do {
          try await PageDialogue(state: state, party: party, key: key, deadline: deadline).run(&connection)
        } catch {
          logger.debug("page gone", metadata: ["peer": "\(connection.address)", "reason": "\(error)"])
        }
      })
    let host = settings.address.prefix(upTo: settings.address.lastIndex(of: ":") ?? settings.address.endIndex)
    let page = PartyPage(
      url: settings.url ?? "wss://\(host):\(door.port)", key: Data(key.publicBytes).base64EncodedString())
    logger.info("pages may come in", metadata: ["address": "\(page.url)"])
    return PageDoor(page: page, door: door)
  }

  /// Ends all conversations.
  func close() async { await door.close() }
}
