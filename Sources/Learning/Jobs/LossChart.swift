import Foundation

/// A line chart of the loss of each epoch, as a picture of its own: `curves.svg`.
public struct LossChart: Sendable {
  public var title: String
  /// The name of the vertical axis.
  public var label: String
  /// One value an epoch, from epoch 1.
  public var values: [Double]

  public init(title: String, label: String, values: [Double]) {
    self.title = title
    self.label = label
    self.values = values
  }

  private static let (left, right, top, bottom) = (64.0, 616.0, 48.0, 312.0)

  /// The picture as SVG 1.1, without scripts, fonts or links.
  public var svg: String {
    var parts = [
      """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 360" font-family="sans-serif" font-size="12" fill="#444">
      <rect width="640" height="360" fill="#fff"/>
      <text x="64" y="28" font-size="16" fill="#111">\(escaped(title))</text>
      """
    ]
    let (finite, ticks) = (finite, valueTicks)
    for tick in ticks {
      let y = text(self.y(tick, ticks))
      parts.append("<line x1=\"64\" x2=\"616\" y1=\"\(y)\" y2=\"\(y)\" stroke=\"#e4e4e4\"/>")
      parts.append("<text x=\"56\" y=\"\(y)\" dy=\"4\" text-anchor=\"end\">\(label(of: tick))</text>")
    }
    for epoch in epochTicks {
      parts.append("<text x=\"\(text(x(epoch)))\" y=\"330\" text-anchor=\"middle\">\(epoch)</text>")
    }
    parts.append("<text x=\"340\" y=\"350\" text-anchor=\"middle\">epoch</text>")
    parts.append(
      "<text x=\"16\" y=\"180\" text-anchor=\"middle\" transform=\"rotate(-90 16 180)\">\(escaped(label))</text>")
    let points = finite.map { "\(text(x($0.epoch))),\(text(y($0.value, ticks)))" }.joined(separator: " ")
    parts.append(
      "<polyline points=\"\(points)\" fill=\"none\" stroke=\"#2563b0\" stroke-width=\"2\" stroke-linejoin=\"round\"/>")
    if let last = finite.last {
      let (x, y) = (text(x(last.epoch)), text(y(last.value, ticks)))
      parts.append("<circle cx=\"\(x)\" cy=\"\(y)\" r=\"3\" fill=\"#2563b0\"/>")
    }
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  private var finite: [(epoch: Int, value: Double)] {
    zip(1..., values).filter { $0.1.isFinite }.map { (epoch: $0.0, value: $0.1) }
  }

  /// Round numbers that enclose all values.
  private var valueTicks: [Double] {
    let values = finite.map(\.value)
    let low = min(0, values.min() ?? 0)
    let high = max(values.max() ?? 1, low + 1e-9)
    let rough = (high - low) / 5
    let power = pow(10, floor(log10(rough)))
    let step = power * ([1, 2, 5, 10].first { $0 * power >= rough } ?? 10)
    let first = floor(low / step)
    return (0...Int(ceil(high / step) - first)).map { (first + Double($0)) * step }
  }

  private var epochTicks: [Int] {
    let step = max(1, (values.count + 9) / 10)
    return Array(Swift.stride(from: 1, through: max(values.count, 1), by: step))
  }

  private func x(_ epoch: Int) -> Double {
    guard values.count > 1 else { return (Self.left + Self.right) / 2 }
    return Self.left + (Self.right - Self.left) * Double(epoch - 1) / Double(values.count - 1)
  }

  private func y(_ value: Double, _ ticks: [Double]) -> Double {
    guard let low = ticks.first, let high = ticks.last, high > low else { return Self.bottom }
    return Self.bottom - (Self.bottom - Self.top) * (value - low) / (high - low)
  }

  private func text(_ number: Double) -> String { String(format: "%.1f", number) }

  private func label(of tick: Double) -> String { String(format: "%.4g", tick) }

  private func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;")
  }
}
