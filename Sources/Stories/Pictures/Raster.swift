import Foundation

/// Pictures of shades, side by side: images as somebody has them.
public struct Raster: Hashable, Sendable, Codable {
  public struct Image: Hashable, Sendable, Codable {
    public var caption: String
    public var width: Int
    /// Row by row, from 0, bright, to 1, dark.
    public var shades: [Double]
  }

  public var title: String
  public var text: String
  public var images: [Image]

  var svg: String {
    let side = 600.0 / Double(max(images.count, 1))
    let parts = images.enumerated().map { place, image in
      image.svg(left: 30 + side * Double(place), side: min(side - 20, 200))
    }
    return """
      <svg viewBox="0 0 660 \(Int(min(side - 20, 200)) + 40)" role="img" aria-label="\(escape(title))">\(parts.joined())</svg>
      """
  }
}

extension Raster.Image {
  fileprivate func svg(left: Double, side: Double) -> String {
    let cell = side / Double(max(width, 1))
    let squares = shades.enumerated().map { index, shade in
      let level = Int((245 - 225 * max(0, min(1, shade.isFinite ? shade : 0))).rounded())
      return String(
        format: "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" height=\"%.2f\" fill=\"rgb(%d,%d,%d)\"/>",
        left + cell * Double(index % width), cell * Double(index / width), cell + 0.05, cell + 0.05, level, level, level
      )
    }
    return squares.joined() + "<text x=\"\(Int(left))\" y=\"\(Int(side) + 22)\">\(escape(caption))</text>"
  }
}
