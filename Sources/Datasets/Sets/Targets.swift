public import Tensors

/// What is to be predicted, row by row.
public enum Targets: Hashable, Sendable {
  /// Numbers, `[rows, 1]`.
  case numbers(Tensor<Float>)
  /// 0 or 1, `[rows, 1]`.
  case binary(Tensor<Float>)
  /// Class indices below `count`.
  case classes([Int], count: Int)

  public var rowCount: Int {
    switch self {
    case .numbers(let tensor), .binary(let tensor): tensor.count
    case .classes(let classes, _): classes.count
    }
  }

  /// How many classes there are; `nil` for numbers.
  public var classCount: Int? {
    switch self {
    case .numbers: nil
    case .binary: 2
    case .classes(_, let count): count
    }
  }

  /// The class of each row; `nil` for numbers.
  public var classes: [Int]? {
    switch self {
    case .numbers: nil
    case .binary(let tensor): tensor.scalars.map { $0 > 0.5 ? 1 : 0 }
    case .classes(let classes, _): classes
    }
  }

  /// What a loss compares outputs with: `[rows, 1]`, or one-hot rows `[rows, count]` for classes.
  public var tensor: Tensor<Float> {
    switch self {
    case .numbers(let tensor), .binary(let tensor): return tensor
    case .classes(let classes, let count):
      var scalars = [Float](repeating: 0, count: classes.count * count)
      for (row, index) in classes.enumerated() { scalars[row * count + index] = 1 }
      return Tensor(shape: [classes.count, count], scalars: scalars)
    }
  }

  /// Some of the rows, in the order given.
  public func rows(_ rows: [Int]) -> Targets {
    switch self {
    case .numbers(let tensor): .numbers(tensor.gatherRows(rows))
    case .binary(let tensor): .binary(tensor.gatherRows(rows))
    case .classes(let classes, let count): .classes(rows.map { classes[$0] }, count: count)
    }
  }

  func validate() throws(DatasetError) {
    let isSound =
      switch self {
      case .numbers(let tensor): tensor.shape == [tensor.count, 1] && tensor.scalars.allSatisfy(\.isFinite)
      case .binary(let tensor): tensor.shape == [tensor.count, 1] && tensor.scalars.allSatisfy { $0 == 0 || $0 == 1 }
      case .classes(let classes, let count): count >= 2 && classes.allSatisfy { $0 >= 0 && $0 < count }
      }
    guard isSound else {
      throw .inconsistent("Targets must be finite numbers, zeros and ones, or classes below their count; correct them")
    }
  }
}
