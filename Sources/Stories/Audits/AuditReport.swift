public import Learning

/// What an attack on our own results found; the keys of an audit's `report.json`.
public struct AuditReport: Hashable, Sendable, Codable {
  /// As `tacit audit` calls it.
  public var name: String
  public var title: String
  /// What was done.
  public var lead: String
  /// Who the attacker is and what they have.
  public var threat: String
  public var sources: [String]
  /// What was attacked.
  public var subject: String
  /// Of all intervals.
  public var confidence: Double
  public var figures: [Figure] = []
  public var verdict = ""
  /// Whether nothing was found that was not to be.
  public var isSound = true
  public var charts: [LineChart] = []
  public var pictures: [Raster] = []
  public var versions: [String: String] = [:]
  public var seconds = 0.0

  public struct Figure: Hashable, Sendable, Codable {
    public var what: String
    public var interval: ConfidenceInterval
  }
}

extension AuditReport {
  mutating func add(_ what: String, _ interval: ConfidenceInterval) {
    figures.append(Figure(what: what, interval: interval))
  }

  /// The report for a terminal.
  ///
  /// - Parameter colours: whether to use ANSI colours.
  public func text(colours: Bool) -> String {
    let style = TerminalStyle(colours: colours)
    let width = figures.map(\.what.count).max() ?? 0
    var lines = [style.title(title), "", "  " + subject, "  attacker: " + threat, ""]
    lines += figures.map { figure in
      "  " + figure.what + String(repeating: " ", count: width - figure.what.count) + "  " + figure.interval.text
    }
    lines += ["  (intervals of confidence \(confidence))", "", "  " + (isSound ? style.good(verdict) : verdict)]
    return lines.joined(separator: "\n") + "\n"
  }

  /// A page that stands alone: no script, no font, no picture from elsewhere.
  public var html: String {
    let rows = figures.map { figure in
      "<tr><td>\(escape(figure.what))</td><td>\(number(figure.interval.value, 4))</td>"
        + "<td>\(number(figure.interval.low, 4)) to \(number(figure.interval.high, 4))</td></tr>"
    }
    let table =
      "<table><tr><th></th><th>found</th><th>\(confidence) interval</th></tr>\(rows.joined())</table>"
    return Page(
      title: title, lead: lead,
      sections: [
        Page.Section(title: "What was found", text: verdict, picture: table)
      ] + charts.map(\.section) + pictures.map(\.section) + [
        Page.Section(title: "The attacker", text: threat, picture: ""),
        Page.Section(title: "Sources", text: sources.joined(separator: " "), picture: ""),
      ],
      footer: "Attacked: \(subject). Tacit \(versions["tacit"] ?? "")."
    ).html
  }
}

extension ConfidenceInterval {
  /// The figure and its range.
  var text: String { "\(number(value, 4))  [\(number(low, 4)), \(number(high, 4))]" }
}
