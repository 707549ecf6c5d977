/// One server-sent event, as bytes of a `text/event-stream` (WHATWG HTML, §9.2.5).
package struct EventFrame: Hashable, Sendable {
  package enum Name: String, Sendable { case jobs, rounds, workers, trouble }

  package let text: String

  private init(text: String) { self.text = text }

  /// A line break would end a field, so every line of the data is a field of its own.
  package init(_ name: Name, _ data: String) {
    let lines = data.split(omittingEmptySubsequences: false) { $0.isNewline }.map { "data: \($0)\n" }
    text = "event: \(name.rawValue)\n" + lines.joined() + "\n"
  }

  /// Says how long the page waits before it connects again.
  package static func retry(milliseconds: Int) -> EventFrame { EventFrame(text: "retry: \(milliseconds)\n\n") }

  /// A comment: nobody acts on it, but it shows that both ends are there.
  package static let heartbeat = EventFrame(text: ": still here\n\n")
}
