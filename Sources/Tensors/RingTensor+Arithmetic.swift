import CKernels

/// Wrapping arithmetic in Z/2⁶⁴, scalar by scalar; operands have equal shapes.
extension Tensor where Scalar == UInt64 {
  public static func + (a: RingTensor, b: RingTensor) -> RingTensor { combine(a, b, "add", ck_u64_add) }
  public static func - (a: RingTensor, b: RingTensor) -> RingTensor { combine(a, b, "subtract", ck_u64_sub) }
  public static func * (a: RingTensor, b: RingTensor) -> RingTensor { combine(a, b, "multiply", ck_u64_mul) }

  /// Every scalar plus one word.
  public func adding(_ word: UInt64) -> RingTensor {
    RingTensor(shape: shape) { ck_u64_add_scalar($0.count, scalars, word, $0.baseAddress) }
  }

  /// Every scalar times one word.
  public func scaled(by word: UInt64) -> RingTensor {
    RingTensor(shape: shape) { ck_u64_scale($0.count, scalars, word, $0.baseAddress) }
  }

  private static func combine(
    _ a: RingTensor, _ b: RingTensor, _ verb: String,
    _ kernel: (Int, UnsafePointer<UInt64>?, UnsafePointer<UInt64>?, UnsafeMutablePointer<UInt64>?) -> Void
  ) -> RingTensor {
    precondition(a.shape == b.shape, "cannot \(verb) \(a.shape) and \(b.shape)")
    return RingTensor(shape: a.shape) { kernel($0.count, a.scalars, b.scalars, $0.baseAddress) }
  }
}
