public import Datasets
public import Graphs

extension Preprocessing {
  /// What features can be, whatever the rows: from the public ranges of numeric columns, to which numbers are clipped.
  /// `nil` where a numeric column declares none.
  public var publicRange: InputRange? {
    var bounds: [ClosedRange<Float>] = []
    for feature in features {
      // Categories, and the mark of a missing number, are 0 or 1.
      var columns = [ClosedRange<Float>](repeating: 0...1, count: feature.width)
      if case .numeric(let encoding) = feature.encoding {
        guard let range = encoding.publicBounds, !columns.isEmpty else { return nil }
        columns[0] = range
      }
      bounds += columns
    }
    return try? InputRange(low: bounds.map(\.lowerBound), high: bounds.map(\.upperBound))
  }
}
