import Datasets

/// What a schema declares in public, as a job writes it.
struct PublicColumns {
  private(set) var ranges: [String] = []
  private(set) var categories: [String] = []
  private let target: String

  /// - Parameter names: of the features to declare; all where there are none.
  init(_ schema: Schema, only names: [String]? = nil) {
    for column in schema.features where names?.contains(column.name) ?? true {
      switch column.kind {
      case .numeric(let range?, _): ranges.append("\(quoted(column.name)): [\(range.low), \(range.high)]")
      case .categorical(let names?, _, _): categories.append(Self.list(column.name, names))
      case .numeric(nil, _), .categorical(nil, _, _): break
      }
    }
    target =
      if case .binary(let negative, let positive) = schema.target.kind {
        Self.list(schema.target.name, [negative, positive])
      } else { "" }
  }

  /// The keys of `data:`.
  ///
  /// - Parameter declaresTarget: whether the target's classes are declared too, as they must be where nothing may be found out from rows.
  func keys(declaresTarget: Bool) -> String {
    let all = categories + (declaresTarget && !target.isEmpty ? [target] : [])
    return "ranges: {\(ranges.joined(separator: ", "))}, categories: {\(all.joined(separator: ", "))}"
  }

  private static func list(_ name: String, _ categories: [String]) -> String {
    "\(quoted(name)): [\(categories.map(quoted).joined(separator: ", "))]"
  }
}
