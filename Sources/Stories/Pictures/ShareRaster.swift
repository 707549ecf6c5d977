import Foundation

/// Features as shades, and the bytes of each party's share of them as shades below: structure above, noise below.
struct ShareRaster {
  var owner: [Double]
  var shares: [(name: String, words: [String])]

  var svg: String {
    let columns = max(owner.count, 1)
    let cell = 500.0 / Double(columns)
    var parts: [String] = ["<text x=\"120\" y=\"24\" text-anchor=\"end\">the applicant</text>"]
    let largest = max(owner.map { abs($0) }.max() ?? 1, 1e-9)
    for (column, value) in owner.enumerated() {
      parts.append(square(column, cell, y: 8, height: 24, shade: abs(value) / largest))
    }
    for (row, share) in shares.enumerated() {
      let top = 48 + 56 * row
      parts.append("<text x=\"120\" y=\"\(top + 28)\" text-anchor=\"end\">\(escape(share.name))</text>")
      for (column, word) in share.words.prefix(columns).enumerated() {
        for (line, byte) in bytes(of: word).enumerated() {
          parts.append(
            square(column, cell, y: Double(top) + 6 * Double(line), height: 6, shade: Double(byte) / 255))
        }
      }
    }
    let height = 48 + 56 * shares.count
    return """
      <svg viewBox="0 0 660 \(height)" role="img" aria-label="features in the clear and as shares">\(parts.joined())</svg>
      """
  }

  private func square(_ column: Int, _ cell: Double, y: Double, height: Double, shade: Double) -> String {
    let level = Int((235 - 200 * max(0, min(1, shade))).rounded())
    return String(
      format: "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" fill=\"rgb(%d,%d,%d)\"/>",
      130 + cell * Double(column), y, cell, height, level, level, min(255, level + 12))
  }

  private func bytes(of word: String) -> [UInt8] {
    let digits = Array(word)
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
  }
}
