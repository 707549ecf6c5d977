import Foundation

extension DemoReport {
  /// A page that stands alone: no script, no font, no picture from elsewhere.
  public var html: String {
    let reached = goals.map { ($0.isReached ? "Reached: " : "Missed: ") + $0.sentence }
    return Page(
      title: title, lead: lead,
      sections: tables.map(\.section) + charts.map(\.section) + pictures.map(\.section) + participants.sections,
      footer: """
        \(reached.joined(separator: ". ")). Data: \(source). Seeds from \(seed), splits: \(splits). \
        Tacit \(versions["tacit"] ?? "").
        """
    ).html
  }
}

extension DemoReport.Table {
  var section: Page.Section {
    let bars = BarChart(
      bars: rows.map { .init($0.way, $0.mean, measure.text($0.mean)) }, largest: rows.map(\.mean).max() ?? 1,
      caption: measure.caption)
    let learns = disclosures.map { "<p>\(escape($0.way)): the coordinator learns \(escape($0.learns)).</p>" }
    return Page.Section(title: title, text: text, picture: bars.svg + table + learns.joined())
  }

  private var table: String {
    func line(_ cells: [String], _ tag: String) -> String {
      "<tr>" + cells.map { "<\(tag)>\(escape($0))</\(tag)>" }.joined() + "</tr>"
    }
    return "<table>" + line(heads, "th") + rows.map { line(cells($0), "td") }.joined() + "</table>"
  }
}

extension [DemoReport.Participant] {
  /// None where nobody is named.
  fileprivate var sections: [Page.Section] {
    let rows = map { "<tr><th>\(escape($0.name))</th><td>\(escape($0.sees))</td></tr>" }
    return isEmpty
      ? [] : [Page.Section(title: "Who sees what", text: "", picture: "<table class=\"text\">\(rows.joined())</table>")]
  }
}

extension LineChart {
  var section: Page.Section { Page.Section(title: title, text: text, picture: svg) }
}

extension Raster {
  var section: Page.Section { Page.Section(title: title, text: text, picture: svg) }
}
