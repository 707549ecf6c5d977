import Graphs
import Tensors

/// What a value at a worker was made from: decides alone over what may leave.
///
/// Shapes are public and do not depend on data, so provenance follows from a program and the provenance of its inputs.
enum Provenance: Hashable, Sendable {
  /// Clients' tensors, and what the worker has released, alone.
  case open
  /// A function of these statistics and of what is open.
  case statistics(Set<Statistic>)
  /// An own tensor as it is, or each of its scalars squared.
  case rows(tensor: Int, power: Int)
  /// Something else made from own data.
  case sealed
  /// Made from data that another worker handed over in trust.
  case borrowed

  /// The provenance of what an operation makes of its operands.
  static func result(of operation: Operation, on operands: [Provenance]) -> Provenance {
    statistic(of: operation, on: operands).map { .statistics([$0]) }
      ?? square(operation, operands)
      ?? operands.reduce(.open) { $0.mixed(with: $1) }
  }

  /// The statistic that an operation takes of rows, if it does.
  static func statistic(of operation: Operation, on operands: [Provenance]) -> Statistic? {
    guard case .rows(let tensor, let power) = operands.first, let axes = summedAxes(operation), axes.contains(0) else {
      return nil
    }
    return Statistic(tensor: tensor, power: power, axes: axes.sorted())
  }

  /// Squares of rows are rows still. Two operands that are rows of one tensor are the same values.
  private static func square(_ operation: Operation, _ operands: [Provenance]) -> Provenance? {
    guard case .rows(let tensor, 1) = operands.first else { return nil }
    if case .power(2) = operation { return .rows(tensor: tensor, power: 2) }
    if case .multiply = operation, operands[0] == operands[1] { return .rows(tensor: tensor, power: 2) }
    return nil
  }

  private static func summedAxes(_ operation: Operation) -> [Int]? {
    if case .sum(let axes) = operation { return axes }
    if case .mean(let axes) = operation { return axes }
    return nil
  }

  /// What becomes of two operands in general: rows are rows no longer.
  func mixed(with other: Provenance) -> Provenance {
    switch (self, other) {
    case (.borrowed, _), (_, .borrowed): .borrowed
    case (.sealed, _), (_, .sealed), (.rows, _), (_, .rows): .sealed
    case (.statistics(let a), .statistics(let b)): .statistics(a.union(b))
    case (.statistics, .open): self
    case (.open, .statistics): other
    case (.open, .open): .open
    }
  }
}
