import Foundation

extension DemoReport {
  /// The report for a terminal.
  ///
  /// - Parameter colours: whether to use ANSI colours.
  public func text(colours: Bool) -> String {
    let style = TerminalStyle(colours: colours)
    var lines = [style.title(title), "", "  " + source]
    if splits > 1 { lines.append("  \(splits) splits, seeds \(seed) to \(seed + UInt64(splits) - 1)") }
    for table in tables { lines += ["", "  " + style.title(table.title)] + table.lines.map { "  " + $0 } }
    if !participants.isEmpty { lines += ["", "  " + style.title("Who sees what")] }
    lines += participants.lines.map { "  " + $0 }
    if !goals.isEmpty { lines.append("") }
    lines += goals.map { "  " + $0.line(style) }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension [DemoReport.Participant] {
  /// Names, and what they see beside them.
  fileprivate var lines: [String] {
    let width = map(\.name.count).max() ?? 0
    return map { $0.name + String(repeating: " ", count: width - $0.name.count) + "  " + $0.sees }
  }
}

extension DemoReport.Goal {
  /// Numbers of figures and of counts, as both are read.
  var sentence: String { text + String(format: ": %.4g (goal %.4g)", value, limit) }

  func line(_ style: TerminalStyle) -> String {
    (isReached ? style.good("reached") : "MISSED ") + "  " + sentence
  }
}

extension DemoReport.Table {
  /// Aligned columns; who learns what stands below.
  var lines: [String] {
    let cells = [heads] + rows.map(cells)
    let widths = heads.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    let table = cells.map { row in
      zip(row, widths).enumerated().map { column, cell in
        let space = String(repeating: " ", count: cell.1 - cell.0.count)
        return column == 0 ? cell.0 + space : space + cell.0
      }.joined(separator: "  ")
    }
    return table + disclosures.map { "\($0.way): the coordinator learns \($0.learns)" }
  }

  /// The columns: those that any row has.
  var heads: [String] {
    ["", measure.head] + (hasSplits ? ["worst"] : [])
      + (measure == .seconds ? ["times the first"] : []) + (hasSeconds ? ["time"] : []) + (hasBytes ? ["sent"] : [])
  }

  func cells(_ row: DemoReport.Row) -> [String] {
    [row.way, measure.text(row.mean)] + (hasSplits ? [measure.text(row.worst)] : [])
      + (measure == .seconds ? [number(row.mean / max(rows.first?.mean ?? 1, 1e-12), 2)] : [])
      + (hasSeconds ? [row.seconds.map(milliseconds) ?? ""] : [])
      + (hasBytes ? [row.bytesSent.map(kilobytes) ?? ""] : [])
  }

  /// What a coordinator learns in each way that has one, told once for ways that do not differ.
  var disclosures: [(way: String, learns: String)] {
    var told: Set<String> = []
    return rows.compactMap { row in
      guard let learns = row.learns?["coordinator"], told.insert(learns).inserted else { return nil }
      return (row.way, learns)
    }
  }

  private var hasSplits: Bool { rows.contains { $0.values.count > 1 } }
  private var hasSeconds: Bool { rows.contains { $0.seconds != nil } }
  private var hasBytes: Bool { rows.contains { $0.bytesSent != nil } }
}

extension DemoReport.Measure {
  func text(_ value: Double) -> String {
    switch self {
    case .accuracy, .probability: number(value, 4)
    case .likeness: number(value, 3)
    case .meanSquaredError: number(value, 2)
    case .seconds: milliseconds(value)
    }
  }

  /// For the column of a table.
  var head: String {
    switch self {
    case .probability: "probability"
    case .likeness: "likeness"
    case .accuracy, .meanSquaredError, .seconds: "mean"
    }
  }

  /// For the axis of a picture.
  var caption: String {
    switch self {
    case .accuracy: "accuracy on the test rows, mean of the splits"
    case .meanSquaredError: "mean squared error on the test rows, mean of the splits"
    case .probability: "probability of the answer"
    case .seconds: "time of a training"
    case .likeness: "correlation of the best guess with a true image"
    }
  }
}
