import Foundation

extension CreditReport {
  /// The report for a terminal.
  ///
  /// - Parameter colours: whether to use ANSI colours.
  public func text(colours: Bool) -> String {
    let style = TerminalStyle(colours: colours)
    let disagreements = encrypted.queries - Int((encrypted.agreement * Double(encrypted.queries)).rounded())
    return """
      \(style.title("A credit application, decided on encrypted data"))

        data        \(data.source)
                    \(data.rows) applications: \(data.train) to train on, \(data.test) to decide

                        accuracy
        each bank alone    \(federated.aloneAccuracy.map { number($0, 3) }.joined(separator: "  "))
        together           \(number(federated.accuracy, 3))   \(federated.rounds) rounds in \
      \(milliseconds(federated.seconds)), updates masked: nobody sees a bank's
        pooled rows        \(number(federated.pooledAccuracy, 3))   what they could never do
        encrypted          \(number(encrypted.accuracy, 3))   three parties, none of which sees an application or the model

        \(style.good("\(encrypted.queries - disagreements) of \(encrypted.queries) decisions are the same")); \
      the probability differs by at most \(number(encrypted.maxAbsoluteError, 6))

        one by one   \(milliseconds(encrypted.secondsPerQuery)) an application
        all at once  \(milliseconds(encrypted.secondsAllAtOnce)), \(encrypted.rounds) rounds, \
      \(kilobytes(encrypted.bytesSent)) \
      (planned: \(encrypted.planned.rounds) rounds, \(kilobytes(encrypted.planned.bytesSent)))

        what the applicant knows   \(viewLine(\.owner) { number($0, 3) })
        what party \(views.first?.party ?? 0) sees          \(style.secret(viewLine(\.share) { String($0.prefix(8)) + "…" }))

      """ + comparison(style) + (cheatText.map { "  \($0)\n" } ?? "")
  }

  private func comparison(_ style: TerminalStyle) -> String {
    let lines = ["\(ways.title), \(splits) splits"] + ways.lines + [""] + goals.map { $0.line(style) }
    return "\n" + lines.map { $0.isEmpty ? "\n" : "  \($0)\n" }.joined()
  }

  /// What became of a cheating party, in one sentence.
  var cheatText: String? {
    guard let cheat else { return nil }
    let end = cheat.error.map { "the others stop: \($0)" } ?? "nobody noticed, and an output was released"
    let proof = cheat.proven == true ? " What it signed proves it to others: the accusation was verified." : ""
    return
      "The same model on \(CheatingParty.partyCount) parties with the engine \(cheat.engine.rawValue), of which party \(CheatingParty.party) tampers: \(end)."
      + proof
  }

  private func viewLine<Element>(_ path: KeyPath<View, [Element]>, _ show: (Element) -> String) -> String {
    guard let view = views.first else { return "" }
    return view[keyPath: path].prefix(6).map(show).joined(separator: "  ") + " …"
  }
}

/// Numbers for people, the same in every locale.
func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

func milliseconds(_ seconds: Double) -> String {
  seconds < 1 ? String(format: "%.3g ms", seconds * 1000) : String(format: "%.2f s", seconds)
}

func kilobytes(_ count: Int) -> String {
  count < 1_000_000 ? String(format: "%.1f kB", Double(count) / 1000) : String(format: "%.2f MB", Double(count) / 1e6)
}

/// Emphasis on a terminal.
struct TerminalStyle {
  let colours: Bool

  func title(_ text: String) -> String { wrap(text, "1") }
  func good(_ text: String) -> String { wrap(text, "32") }
  func secret(_ text: String) -> String { wrap(text, "2") }

  private func wrap(_ text: String, _ code: String) -> String { colours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
}
