/// The extents of a tensor, outermost axis first; scalars are stored row-major.
public struct Shape: Hashable, Sendable, Codable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// How long each axis is; never negative.
  public let extents: [Int]

  /// A shape of the given extents.
  public init(_ extents: [Int]) {
    precondition(extents.allSatisfy { $0 >= 0 }, "a shape has no negative extent: \(extents)")
    self.extents = extents
  }

  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// The shape of a single scalar, `[]`.
  public static let scalar = Shape([])

  /// How many axes there are.
  public var rank: Int { extents.count }

  /// How many scalars a tensor of this shape holds.
  public var count: Int { extents.reduce(1, *) }

  /// The extent of one axis.
  public subscript(axis: Int) -> Int { extents[axis] }

  /// For each axis, how far apart neighbours along it lie in storage.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * extents[axis + 1]
    }
    return strides
  }

  /// The same shape with one axis of another extent.
  public func replacing(axis: Int, with extent: Int) -> Shape {
    var extents = extents
    extents[axis] = extent
    return Shape(extents)
  }

  /// The shape both broadcast to under NumPy's rules, or `nil` where they do not fit.
  public func broadcast(with other: Shape) -> Shape? {
    let rank = Swift.max(self.rank, other.rank)
    var result = [Int](repeating: 1, count: rank)
    for offset in 1...Swift.max(rank, 1) where rank > 0 {
      let a = offset <= self.rank ? extents[self.rank - offset] : 1
      let b = offset <= other.rank ? other.extents[other.rank - offset] : 1
      guard a == b || a == 1 || b == 1 else { return nil }
      result[rank - offset] = a == 1 ? b : a
    }
    return Shape(result)
  }

  public var description: String { "[\(extents.map(String.init).joined(separator: ", "))]" }

  public init(from decoder: any Decoder) throws {
    let extents = try [Int](from: decoder)
    guard Shape.isReasonable(extents) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "a shape has at most 8 axes and 2^40 scalars"))
    }
    self.extents = extents
  }

  public func encode(to encoder: any Encoder) throws { try extents.encode(to: encoder) }

  /// Whether extents read from a file describe a tensor this program could ever hold.
  public static func isReasonable(_ extents: [Int]) -> Bool {
    guard extents.count <= 8, extents.allSatisfy({ $0 >= 0 && $0 <= 1 << 40 }) else { return false }
    var count = 1
    for extent in extents {
      // An axis of extent 0 must not hide the product of the others, which are still strides.
      let (product, overflow) = count.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow, product <= 1 << 40 else { return false }
      count = product
    }
    return true
  }
}
