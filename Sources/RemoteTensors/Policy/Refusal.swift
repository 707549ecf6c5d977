/// Why a worker does not do what it was asked: one clause, without any value, and how the command line ends with it.
struct Refusal: Error, Hashable {
  /// One line of at most ``largest`` characters: names that the client chose may stand in it.
  let reason: String
  let exitCode: Int

  private static let largest = 300

  init(reason: String, exitCode: Int) {
    let start = reason.prefix(Self.largest)
    self.reason = String(start.map { $0.isNewline || $0.asciiValue.map { $0 < 32 } == true ? " " : $0 })
    self.exitCode = exitCode
  }

  /// A mistake in the request.
  static func request(_ reason: String) -> Refusal { Refusal(reason: reason, exitCode: 2) }
  /// Another worker that cannot be reached.
  static func peer(_ reason: String) -> Refusal { Refusal(reason: reason, exitCode: 3) }
  /// The owner's policy.
  static func policy(_ reason: String) -> Refusal { Refusal(reason: reason, exitCode: 4) }

  /// The same words for what there is not and for what belongs to another client.
  static let unknownTensor = request("this client has no such tensor there; it was deleted, or never was")
}
