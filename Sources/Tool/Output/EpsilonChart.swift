import Foundation

/// Curves of ε over steps or releases, as SVG without scripts, fonts or links.
struct EpsilonChart {
  struct Point {
    var x: Double
    var epsilon: Double
  }

  struct Curve {
    var name: String
    var points: [Point]
  }

  var title: String
  var axis: String
  var curves: [Curve]
  /// A horizontal line that must not be crossed.
  var limit: Double?

  private static let colours = ["#b04525", "#2563b0", "#4d8a3a"]
  private static let (left, right, top, bottom) = (64.0, 616.0, 48.0, 300.0)

  /// Up to 25 whole numbers from 1 to `last`, evenly on a logarithmic axis.
  static func places(upTo last: Int) -> [Int] {
    guard last > 1 else { return [max(last, 1)] }
    let places = (0..<25).map { Int(exp(log(Double(last)) * Double($0) / 24).rounded()) }
    return Array(Set(places)).sorted()
  }

  var svg: String {
    let largest = max(curves.flatMap(\.points).map(\.epsilon).max() ?? 1, limit ?? 0, 1e-9) * 1.05
    let last = curves.flatMap(\.points).map(\.x).max() ?? 1
    var parts = [
      """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 360" font-family="sans-serif" font-size="12" fill="#444">
      <rect width="640" height="360" fill="#fff"/>
      <text x="64" y="28" font-size="14" fill="#111">\(Self.escaped(title))</text>
      """
    ]
    for tick in Self.ticks(to: largest) {
      let y = Self.text(y(tick, largest))
      parts.append("<line x1=\"64\" x2=\"616\" y1=\"\(y)\" y2=\"\(y)\" stroke=\"#e4e4e4\"/>")
      parts.append("<text x=\"56\" y=\"\(y)\" dy=\"4\" text-anchor=\"end\">\(tick.formatted())</text>")
    }
    if let limit {
      let y = Self.text(y(limit, largest))
      parts.append("<line x1=\"64\" x2=\"616\" y1=\"\(y)\" y2=\"\(y)\" stroke=\"#111\" stroke-dasharray=\"5 4\"/>")
    }
    for place in Self.ticks(to: last) where place > 0 {
      let x = Self.text(x(place, last))
      parts.append("<text x=\"\(x)\" y=\"318\" text-anchor=\"middle\">\(place.formatted())</text>")
    }
    parts.append("<text x=\"340\" y=\"338\" text-anchor=\"middle\">\(Self.escaped(axis))</text>")
    for (index, curve) in curves.enumerated() { parts += drawn(curve, index, largest, last) }
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  private func drawn(_ curve: Curve, _ index: Int, _ largest: Double, _ last: Double) -> [String] {
    let colour = Self.colours[index % Self.colours.count]
    let points = curve.points.map { "\(Self.text(x($0.x, last))),\(Self.text(y($0.epsilon, largest)))" }
    let place = 84 + 150 * index
    return [
      "<polyline points=\"\(points.joined(separator: " "))\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>",
      "<rect x=\"\(place)\" y=\"346\" width=\"14\" height=\"4\" fill=\"\(colour)\"/>",
      "<text x=\"\(place + 20)\" y=\"352\">\(Self.escaped(curve.name))</text>",
    ]
  }

  private func x(_ place: Double, _ last: Double) -> Double {
    Self.left + (Self.right - Self.left) * (last > 0 ? place / last : 0)
  }

  private func y(_ epsilon: Double, _ largest: Double) -> Double {
    Self.bottom - (Self.bottom - Self.top) * min(1, epsilon / largest)
  }

  /// Four to ten round numbers.
  private static func ticks(to largest: Double) -> [Double] {
    let power = pow(10, log10(largest).rounded(.down))
    let step = largest / power < 2 ? power / 5 : largest / power < 5 ? power / 2 : power
    return stride(from: 0, through: largest, by: step).map { $0 }
  }

  private static func text(_ value: Double) -> String { String(format: "%.1f", value) }

  private static func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;")
  }
}
