import Tensors

/// A sum over all rows (axis 0) of one own tensor, or of its squares; perhaps over further axes as well.
///
/// These are the only functions of own data that are ever released. None has an operand or a parameter that a client
/// could choose freely, so that none can select a row, cut at a threshold, or weigh one row more than another. The
/// worker computes each by itself, always in the same way, whatever the client's program does around it.
struct Statistic: Hashable, Sendable {
  /// The number of the own tensor.
  let tensor: Int
  /// 1 or 2.
  let power: Int
  /// In increasing order; the first is 0.
  let axes: [Int]

  /// The value, whose summed axes have extent 1.
  func value(of own: Tensor<Float>) -> Tensor<Float> {
    guard power == 2 else { return own.summed(axes: axes) }
    return Tensor(shape: own.shape, scalars: own.scalars.map { $0 * $0 }).summed(axes: axes)
  }
}
