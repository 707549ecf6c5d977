/// What a page asks of a party; see docs/SERVING.md.
enum PageRequest: Codable, Sendable {
  /// First: the token, and the model that it should be for.
  case hello(version: Int, model: String, token: String)
  /// Then the question: its name, the page's key for it (65 bytes, base64), and how long the box is that follows, the
  /// first piece of it with this message.
  case query(id: String, key: String, byteCount: Int)

  static let version = 1
}

/// What a party answers a page.
enum PageReply: Codable, Sendable {
  /// The token would do; which party this is, and what sharing of the model it holds.
  case ready(party: Int, key: String)
  /// The sealed summand follows. Cost is what this party sent to the others and the rounds it went through.
  case answer(rounds: Int, bytesSent: Int, seconds: Double)
  case refused(reason: String, exitCode: Int)
  /// Another party refuses the question, and says why itself.
  case declined(by: Int)
}
