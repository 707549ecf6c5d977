import Foundation

/// Horizontal bars with their values, as SVG.
struct BarChart {
  struct Bar {
    var name: String
    var value: Double
    var label: String

    init(_ name: String, _ value: Double, _ label: String) {
      self.name = name
      self.value = value
      self.label = label
    }
  }

  var bars: [Bar]
  /// The value of a bar of full length.
  var largest: Double
  var caption: String

  var svg: String {
    let height = 34 * bars.count + 26
    let rows = bars.enumerated().map { index, bar in
      let y = 34 * index
      let share = largest > 0 ? max(0, min(1, bar.value / largest)) : 0
      let width = String(format: "%.1f", 400 * share)
      let end = String(format: "%.1f", 158 + 400 * share)
      return """
        <text x="140" y="\(y + 20)" text-anchor="end">\(escape(bar.name))</text>\
        <rect class="bar" x="150" y="\(y + 5)" width="\(width)" height="22" rx="3"/>\
        <text x="\(end)" y="\(y + 20)">\(escape(bar.label))</text>
        """
    }
    return """
      <svg viewBox="0 0 660 \(height)" role="img" aria-label="\(escape(caption))">\
      \(rows.joined())<text class="soft" x="150" y="\(height - 6)">\(escape(caption))</text></svg>
      """
  }
}
