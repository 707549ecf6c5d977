/// The text form that Prometheus reads.
///
/// Source: Prometheus, *Exposition formats*, text-based format 0.0.4.
package enum PrometheusText {
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  package static func of(_ registry: MetricsRegistry) -> String {
    var text = ""
    var last: String?
    for series in registry.contents {
      let name = name(series.label)
      if name != last {
        let help = registry.descriptions[series.label] ?? ProcessFigures.descriptions[series.label]
        if let help { text += "# HELP \(name) \(escaped(help, quotes: false))\n" }
        text += "# TYPE \(name) \(series.label.hasSuffix("_total") ? "counter" : series.cell.kind)\n"
        last = name
      }
      text += lines(of: series, name)
    }
    return text
  }

  private static func lines(of series: MetricsRegistry.Series, _ name: String) -> String {
    let labels = series.dimensions.map { label($0.name, $0.value) }
    switch series.cell {
    case .counter(let cell): return "\(name)\(braced(labels)) \(number(cell.current))\n"
    case .gauge(let cell): return "\(name)\(braced(labels)) \(number(cell.current))\n"
    case .histogram(let cell):
      let contents = cell.current
      var (text, sum) = ("", 0)
      for (bound, count) in zip(cell.bounds.map(number) + ["+Inf"], contents.counts) {
        sum += count
        text += "\(name)_bucket\(braced(labels + [label("le", bound)])) \(sum)\n"
      }
      return text + "\(name)_sum\(braced(labels)) \(number(contents.sum))\n\(name)_count\(braced(labels)) \(sum)\n"
    }
  }

  private static func braced(_ labels: [String]) -> String {
    labels.isEmpty ? "" : "{" + labels.joined(separator: ",") + "}"
  }

  private static func label(_ name: String, _ value: String) -> String {
    "\(self.name(name))=\"\(escaped(value, quotes: true))\""
  }

  /// Letters, digits and underscores.
  private static func name(_ text: String) -> String {
    String(
      text.unicodeScalars.map { $0.isASCII && $0.properties.isAlphabetic || ("0"..."9").contains($0) ? $0 : "_" }
        .map(Character.init))
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"": escaped += quotes ? "\\\"" : "\""
      case _: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }

  private static func number(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "+Inf" : "-Inf" }
    return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }
}
