import Foundation
public import Sharing

/// Where the rounds and the bytes of a plan go, step by step: a picture of its own.
public struct PlanChart: Sendable {
  public var title: String
  public var plan: SecurePlan

  public init(title: String, plan: SecurePlan) {
    self.title = title
    self.plan = plan
  }

  /// More steps than this are drawn as one.
  private static let mostRows = 40
  private static let (rounds, bytes) = ("#2563b0", "#d97706")

  /// The picture as SVG 1.1, without scripts, fonts or links.
  public var svg: String {
    let rows = rows
    let height = 96 + 26 * rows.count
    var parts = [
      """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 \(height)" font-family="sans-serif" font-size="12" fill="#444">
      <rect width="860" height="\(height)" fill="#fff"/>
      <text x="24" y="28" font-size="16" fill="#111">\(escaped(title))</text>
      <text x="24" y="50">\(plan.rounds) rounds, \(Self.amount(plan.bytesSent)) in all; nothing but the plan was needed to draw this</text>
      <text x="290" y="76" fill="\(Self.rounds)">rounds</text>
      <text x="590" y="76" fill="\(Self.bytes)">bytes</text>
      """
    ]
    let most = (rounds: rows.map(\.rounds).max() ?? 1, bytes: rows.map(\.bytes).max() ?? 1)
    for (index, row) in rows.enumerated() {
      let y = 86 + 26 * index
      parts.append("<text x=\"278\" y=\"\(y + 14)\" text-anchor=\"end\">\(escaped(shortened(row.name)))</text>")
      parts.append(bar(290, y, Double(row.rounds) / Double(max(most.rounds, 1)), Self.rounds, "\(row.rounds)"))
      parts.append(bar(590, y, Double(row.bytes) / Double(max(most.bytes, 1)), Self.bytes, Self.amount(row.bytes)))
    }
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  private struct Row {
    var name: String
    var rounds: Int
    var bytes: Int
  }

  /// The plan's steps, the last ones taken together where there are too many.
  private var rows: [Row] {
    let rows = plan.layers.map { layer in
      let parts = [layer.name, layer.operation, layer.width.map { "\($0) bits" } ?? ""]
      return Row(
        name: parts.filter { !$0.isEmpty }.joined(separator: " · "), rounds: layer.rounds, bytes: layer.bytesSent)
    }
    guard rows.count > Self.mostRows else { return rows }
    let rest = rows.dropFirst(Self.mostRows - 1)
    let joined = Row(
      name: "\(rest.count) more steps", rounds: rest.reduce(0) { $0 + $1.rounds },
      bytes: rest.reduce(0) { $0 + $1.bytes })
    return rows.prefix(Self.mostRows - 1) + [joined]
  }

  private func bar(_ x: Int, _ y: Int, _ share: Double, _ colour: String, _ label: String) -> String {
    let width = 190 * share
    let end = String(format: "%.1f", Double(x) + width + 6)
    return
      "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(String(format: "%.1f", width))\" height=\"18\" rx=\"2\" fill=\"\(colour)\"/>"
      + "<text x=\"\(end)\" y=\"\(y + 14)\">\(label)</text>"
  }

  private static func amount(_ byteCount: Int) -> String {
    switch byteCount {
    case ..<10_000: "\(byteCount) B"
    case ..<10_000_000: String(format: "%.1f kB", Double(byteCount) / 1e3)
    default: String(format: "%.1f MB", Double(byteCount) / 1e6)
    }
  }

  private func shortened(_ text: String) -> String { text.count > 42 ? text.prefix(41) + "…" : text }

  private func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;")
  }
}
