import Foundation
import Links
import Sharing
import Tensors
import Transports

/// A party's side of the conversation with one page: a token, a share, an answer.
struct PageDialogue {
  let state: PartyState
  let party: PartyID
  let key: PageKey
  let deadline: Duration

  /// How long the share may take, from the token on.
  private static let sending = Duration.seconds(30)
  /// Models that take more numbers are not for pages.
  private static let mostNumbers = 1 << 20

  func run(_ page: inout BrowserConnection) async throws {
    do {
      try await answer(&page)
    } catch let error as LinkError {
      throw error
    } catch ServingError.declined(let other) {
      try await send(.declined(by: other), to: page)
    } catch {
      let exitCode = (error as? ServingError)?.exitCode ?? 2
      try await send(.refused(reason: "\(error)", exitCode: exitCode), to: page)
    }
  }

  private func answer(_ page: inout BrowserConnection) async throws {
    guard case .hello(let version, let name, let text) = try Self.frame(try await page.receive()).control else {
      throw ServingError.malformedMessage
    }
    guard version == PageRequest.version else {
      throw ServingError.badRequest(
        "the page is of version \(version), the party of \(PageRequest.version): load it again")
    }
    let token = try PageToken.Shown(text)
    let model = try await state.model(named: name, for: token, from: page.origin)
    page.letIn()
    page.expectNews(within: Self.sending)
    try await send(.ready(party: party, key: model.key), to: page)
    let (id, secret, box) = try await question(&page, model)
    page.expectNews(within: deadline + .seconds(5))
    let stream = try await ask(id, model, try secret.open(box), token: token, from: page.origin)
    for try await case .answer(let answer) in stream {
      let summand = try secret.seal(WordBytes.bytes(of: answer.summand.scalars))
      let reply = PageReply.answer(
        rounds: answer.traffic.rounds, bytesSent: answer.traffic.byteCount, seconds: answer.seconds)
      try await send(reply, body: summand, to: page)
    }
  }

  /// The query's name, its keys and its box, put together from its pieces.
  private func question(
    _ page: inout BrowserConnection, _ model: SharedModel
  ) async throws -> (id: String, secret: PageSecret, box: [UInt8]) {
    let frame = try Self.frame(try await page.receive())
    guard case .query(let id, let keyText, let byteCount) = frame.control else { throw ServingError.malformedMessage }
    guard id.utf8.count <= 128, let pageKey = Data(base64Encoded: keyText), byteCount == (try boxByteCount(model))
    else {
      throw ServingError.badRequest("the page's question does not fit the model: load the page again")
    }
    let secret = try key.agree(with: [UInt8](pageKey), model: model.key, query: id)
    var box = [UInt8](frame.body)
    while box.count < byteCount { box += try await page.receive() }
    guard box.count == byteCount else { throw ServingError.malformedMessage }
    return (id, secret, box)
  }

  /// A key for each keystream that the party holds, and the words that are none.
  private func boxByteCount(_ model: SharedModel) throws -> Int {
    let count = try model.description.shape(batch: 1).count
    guard count <= Self.mostNumbers else {
      throw ServingError.badRequest("the model takes \(count) numbers, which is more than pages send")
    }
    return 1 + (party == 0 ? 32 : 16 + 8 * count) + PageSecret.tagByteCount
  }

  /// The question, if it may be asked; the other parties hear of it where it may not.
  private func ask(
    _ id: String, _ model: SharedModel, _ parcel: [UInt8], token: PageToken.Shown, from origin: String
  ) async throws -> QueryStream {
    do {
      let input = try ClusterScheme.replicated.unpack(
        parcel[...], party: party, shapes: [try model.description.shape(batch: 1)])
      let query = PendingQuery(
        id: id, client: CallerID(holding: token.token), model: model, input: input, batch: 1)
      return try await state.start(query, with: token, from: origin)
    } catch {
      await state.noteRefused(id)
      throw error
    }
  }

  private static func frame(_ message: [UInt8]) throws -> ServingFrame<PageRequest> { try ServingFrame(message) }

  private func send(_ reply: PageReply, body: [UInt8] = [], to page: BrowserConnection) async throws {
    try await page.send(try ServingFrame(reply, body: body).message)
  }
}
