import Learning
import Tensors

extension AuditReport {
  /// Two rows of the same kind, each on its own scale: as pictures where they are squares, else as curves.
  mutating func show(
    _ first: [Double], named firstName: String, beside second: [Double], named secondName: String, title: String,
    text: String, axis: String = "feature"
  ) {
    let pairs = [(firstName, Self.shades(first)), (secondName, Self.shades(second))]
    if let extents = ImageShape.extents(of: [first.count]) {
      pictures.append(
        Raster(
          title: title, text: text,
          images: pairs.map { .init(caption: $0.0, width: extents[2], shades: $0.1) }))
    } else {
      charts.append(
        LineChart(
          title: title, text: text, x: .init(name: axis, low: 0, high: Double(max(first.count - 1, 1))),
          y: .init(name: "value", low: 0, high: 1),
          curves: pairs.map { name, shades in
            .init(name: name, points: zip(0..., shades).map { .init(x: Double($0.0), y: $0.1) })
          }))
    }
  }

  /// From 0, the least, to 1.
  static func shades(_ values: [Double]) -> [Double] {
    let (low, high) = (values.min() ?? 0, values.max() ?? 1)
    return values.map { high > low ? ($0 - low) / (high - low) : 0 }
  }
}
