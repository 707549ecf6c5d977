import Foundation

/// The accuracy after each round as a line, with what was to be reached, as a picture of its own.
public struct AccuracyChart: Sendable {
  public var title: String
  /// One value a round, from round 1.
  public var values: [Double]
  public var target: Double?

  public init(title: String, values: [Double], target: Double?) {
    self.title = title
    self.values = values
    self.target = target
  }

  private static let (left, right, top, bottom) = (64.0, 616.0, 48.0, 312.0)
  /// Values below are drawn here.
  private static let lowest = 0.8

  /// The picture as SVG 1.1, without scripts, fonts or links.
  public var svg: String {
    var parts = [
      """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 360" font-family="sans-serif" font-size="12" fill="#444">
      <rect width="640" height="360" fill="#fff"/>
      <text x="64" y="28" font-size="16" fill="#111">\(escape(title))</text>
      """
    ]
    for percent in stride(from: 80, through: 100, by: 5) {
      let y = text(y(Double(percent) / 100))
      parts.append("<line x1=\"64\" x2=\"616\" y1=\"\(y)\" y2=\"\(y)\" stroke=\"#e4e4e4\"/>")
      parts.append("<text x=\"56\" y=\"\(y)\" dy=\"4\" text-anchor=\"end\">\(percent) %</text>")
    }
    if let target {
      let y = text(y(target))
      parts.append("<line x1=\"64\" x2=\"616\" y1=\"\(y)\" y2=\"\(y)\" stroke=\"#b04525\" stroke-dasharray=\"5 4\"/>")
    }
    let step = max(1, (values.count + 9) / 10)
    for round in stride(from: 1, through: max(values.count, 1), by: step) {
      parts.append("<text x=\"\(text(x(round)))\" y=\"330\" text-anchor=\"middle\">\(round)</text>")
    }
    parts.append("<text x=\"340\" y=\"350\" text-anchor=\"middle\">round</text>")
    let points = zip(1..., values).map { "\(text(x($0))),\(text(y($1)))" }.joined(separator: " ")
    parts.append(
      "<polyline points=\"\(points)\" fill=\"none\" stroke=\"#2563b0\" stroke-width=\"2\" stroke-linejoin=\"round\"/>")
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  private func x(_ round: Int) -> Double {
    guard values.count > 1 else { return (Self.left + Self.right) / 2 }
    return Self.left + (Self.right - Self.left) * Double(round - 1) / Double(values.count - 1)
  }

  private func y(_ accuracy: Double) -> Double {
    let share = (max(accuracy, Self.lowest) - Self.lowest) / (1 - Self.lowest)
    return Self.bottom - (Self.bottom - Self.top) * share
  }

  private func text(_ number: Double) -> String { String(format: "%.1f", number) }
}
