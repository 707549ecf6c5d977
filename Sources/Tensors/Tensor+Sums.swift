extension Tensor where Scalar == Float {
  /// The sum over some axes, which keep extent 1.
  public func summed(axes: [Int]) -> Tensor { reduced(axes) }
}

extension Tensor where Scalar == UInt64 {
  /// The sum over some axes modulo 2⁶⁴; the axes keep extent 1.
  public func summed(axes: [Int]) -> Tensor { reduced(axes) }
}

extension Tensor where Scalar: Summable {
  fileprivate func reduced(_ axes: [Int]) -> Tensor {
    precondition(
      axes.allSatisfy(shape.extents.indices.contains) && Set(axes).count == axes.count,
      "axes \(axes) are not distinct axes of shape \(shape)")
    let sum = AxisSum(shape: shape, axes: axes)
    guard count > 0 else { return Tensor(repeating: .zero, shape: sum.shape) }
    return Tensor(shape: sum.shape) { target in
      storage.withUnsafeBufferPointer { sum(from: $0.baseAddress!, to: target.baseAddress!) }
    }
  }
}
