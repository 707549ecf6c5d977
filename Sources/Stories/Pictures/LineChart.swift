import Foundation

/// Curves over two axes, with levels that were to be reached.
public struct LineChart: Hashable, Sendable, Codable {
  public struct Point: Hashable, Sendable, Codable {
    public var x: Double
    public var y: Double
  }

  public struct Curve: Hashable, Sendable, Codable {
    public var name: String
    public var points: [Point]
  }

  /// One axis: what it shows, from where to where.
  public struct Axis: Hashable, Sendable, Codable {
    public var name: String
    public var low: Double
    public var high: Double
    /// Of both ends above 0; what is below `low` is drawn there.
    public var isLogarithmic = false
  }

  public var title: String
  public var text: String
  public var x: Axis
  public var y: Axis
  public var curves: [Curve]
  /// Heights of dashed lines.
  public var levels: [Double] = []

  private static let colours = ["#b04525", "#2f6f8f", "#4d8a3a", "#8a6d1a", "#7a4f9a"]
  private static let (left, right, top, bottom) = (64.0, 616.0, 16.0, 300.0)

  var svg: String {
    var parts: [String] = []
    for tick in y.ticks {
      let place = Self.text(height(tick))
      parts.append("<line class=\"line\" x1=\"64\" x2=\"616\" y1=\"\(place)\" y2=\"\(place)\"/>")
      parts.append("<text x=\"56\" y=\"\(place)\" dy=\"4\" text-anchor=\"end\">\(y.label(tick))</text>")
    }
    for tick in x.ticks {
      parts.append("<text x=\"\(Self.text(width(tick)))\" y=\"320\" text-anchor=\"middle\">\(x.label(tick))</text>")
    }
    for level in levels {
      let place = Self.text(height(level))
      parts.append(
        "<line class=\"line\" x1=\"64\" x2=\"616\" y1=\"\(place)\" y2=\"\(place)\" stroke-dasharray=\"6 4\" stroke-width=\"2\"/>"
      )
    }
    parts.append("<text class=\"soft\" x=\"340\" y=\"342\" text-anchor=\"middle\">\(escape(x.name))</text>")
    parts.append("<text class=\"soft\" x=\"64\" y=\"10\">\(escape(y.name))</text>")
    for (index, curve) in curves.enumerated() { parts.append(drawn(curve, index)) }
    let height = 352 + 20 * curves.count
    return """
      <svg viewBox="0 0 660 \(height)" role="img" aria-label="\(escape(title))">\(parts.joined())</svg>
      """
  }

  private func drawn(_ curve: Curve, _ index: Int) -> String {
    let colour = Self.colours[index % Self.colours.count]
    let points = curve.points.map { "\(Self.text(width($0.x))),\(Self.text(height($0.y)))" }.joined(separator: " ")
    let row = 362 + 20 * index
    return """
      <polyline points="\(points)" fill="none" stroke="\(colour)" stroke-width="2" stroke-linejoin="round"/>\
      <rect x="64" y="\(row - 8)" width="16" height="4" fill="\(colour)"/>\
      <text x="88" y="\(row)">\(escape(curve.name))</text>
      """
  }

  private func width(_ value: Double) -> Double { Self.left + (Self.right - Self.left) * x.place(value) }
  private func height(_ value: Double) -> Double { Self.bottom - (Self.bottom - Self.top) * y.place(value) }
  private static func text(_ value: Double) -> String { String(format: "%.1f", value) }
}

extension LineChart.Axis {
  /// From 0, low, to 1, high.
  fileprivate func place(_ value: Double) -> Double {
    let share =
      isLogarithmic ? log(max(value, low) / low) / log(high / low) : (value - low) / (high - low)
    return share.isFinite ? max(0, min(1, share)) : 0
  }

  /// Powers of ten, or five steps.
  fileprivate var ticks: [Double] {
    guard isLogarithmic else { return (0...5).map { low + (high - low) * Double($0) / 5 } }
    let powers = Int(log10(low).rounded(.up))...max(Int(log10(high).rounded(.down)), Int(log10(low).rounded(.up)))
    return powers.map { pow(10, Double($0)) }
  }

  fileprivate func label(_ tick: Double) -> String { String(format: "%.4g", tick) }
}
