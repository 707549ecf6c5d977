import CKernels
import Tensors

typealias Source = UnsafePointer<Float>
typealias Target = UnsafeMutablePointer<Float>

extension UnaryOperation {
  func callAsFunction(_ count: Int, _ x: Source, _ y: Target) {
    switch self {
    case .relu: ck_f32_relu(count, x, y)
    case .sigmoid: ck_f32_sigmoid(count, x, y)
    case .tanh: ck_f32_tanh(count, x, y)
    case .exp: ck_f32_exp(count, x, y)
    case .log: ck_f32_log(count, x, y)
    case .reciprocal: for i in 0..<count { y[i] = 1 / x[i] }
    case .inverseSquareRoot: for i in 0..<count { y[i] = 1 / x[i].squareRoot() }
    case .gelu: ck_f32_gelu(count, x, y)
    case .geluGradient: ck_f32_gelu_grad(count, x, y)
    }
  }
}

extension BinaryOperation {
  /// A run of scalars; an operand's stride is 1, or 0 where one scalar serves the whole run.
  @inline(__always)
  func callAsFunction(_ count: Int, _ a: Source, _ aStride: Int, _ b: Source, _ bStride: Int, _ out: Target) {
    let areRuns = aStride == 1 && bStride == 1
    switch self {
    case .add where areRuns: ck_f32_add(count, a, b, out)
    case .subtract where areRuns: ck_f32_sub(count, a, b, out)
    case .multiply where areRuns: ck_f32_mul(count, a, b, out)
    case .divide where areRuns: ck_f32_div(count, a, b, out)
    case .multiply where bStride == 0: ck_f32_scale(count, a, b.pointee, out)
    case .multiply where aStride == 0: ck_f32_scale(count, b, a.pointee, out)
    case .add: mixed(count, a, aStride, b, bStride, out) { $0 + $1 }
    case .subtract: mixed(count, a, aStride, b, bStride, out) { $0 - $1 }
    case .multiply: mixed(count, a, aStride, b, bStride, out) { $0 * $1 }
    case .divide: mixed(count, a, aStride, b, bStride, out) { $0 / $1 }
    case .compare(.less): mixed(count, a, aStride, b, bStride, out) { $0 < $1 ? 1 : 0 }
    case .compare(.lessOrEqual): mixed(count, a, aStride, b, bStride, out) { $0 <= $1 ? 1 : 0 }
    case .compare(.greater): mixed(count, a, aStride, b, bStride, out) { $0 > $1 ? 1 : 0 }
    case .compare(.greaterOrEqual): mixed(count, a, aStride, b, bStride, out) { $0 >= $1 ? 1 : 0 }
    case .compare(.equal): mixed(count, a, aStride, b, bStride, out) { $0 == $1 ? 1 : 0 }
    case .compare(.notEqual): mixed(count, a, aStride, b, bStride, out) { $0 != $1 ? 1 : 0 }
    }
  }

  @inline(__always)
  private func mixed(
    _ count: Int, _ a: Source, _ aStride: Int, _ b: Source, _ bStride: Int, _ out: Target,
    _ body: (Float, Float) -> Float
  ) {
    if bStride == 0 {
      let scalar = b.pointee
      for i in 0..<count { out[i] = body(a[i &* aStride], scalar) }
    } else if aStride == 0 {
      let scalar = a.pointee
      for i in 0..<count { out[i] = body(scalar, b[i]) }
    } else {
      for i in 0..<count { out[i] = body(a[i], b[i]) }
    }
  }
}

extension BroadcastPlan {
  func callAsFunction(_ operation: BinaryOperation, _ a: Source, _ b: Source, _ out: Target) {
    extents.withUnsafeBufferPointer { extents in
      left.withUnsafeBufferPointer { left in
        right.withUnsafeBufferPointer { right in
          var target = out
          BroadcastPlan.walk(0, operation, extents, left, right, a, b, &target)
        }
      }
    }
  }

  private static func walk(
    _ axis: Int, _ operation: BinaryOperation, _ extents: UnsafeBufferPointer<Int>, _ left: UnsafeBufferPointer<Int>,
    _ right: UnsafeBufferPointer<Int>, _ a: Source, _ b: Source, _ out: inout Target
  ) {
    let extent = extents[axis]
    if axis == extents.count - 1 {
      operation(extent, a, left[axis], b, right[axis], out)
      out += extent
    } else {
      for index in 0..<extent {
        walk(axis + 1, operation, extents, left, right, a + index &* left[axis], b + index &* right[axis], &out)
      }
    }
  }
}

/// Loops that need no plan.
enum Loop {
  static func select(_ count: Int, _ condition: Source, _ a: Source, _ b: Source, _ out: Target) {
    for i in 0..<count { out[i] = condition[i] != 0 ? a[i] : b[i] }
  }

  static func shift(_ count: Int, _ x: Source, _ offset: Float, _ out: Target) {
    for i in 0..<count { out[i] = x[i] + offset }
  }

  /// By squaring, from the highest bit of the exponent on.
  static func power(_ count: Int, _ x: Source, _ exponent: Int, _ out: Target) {
    let bits = Int.bitWidth - exponent.leadingZeroBitCount
    for i in 0..<count {
      let base = x[i]
      var power = base
      for bit in (0..<(bits - 1)).reversed() {
        power *= power
        if exponent >> bit & 1 == 1 { power *= base }
      }
      out[i] = power
    }
  }

  /// The largest of each row is subtracted first, so that no exponential overflows.
  static func softmax(rows: Int, columns: Int, _ x: Source, _ out: Target) {
    guard columns > 0 else { return }
    for row in 0..<rows { subtractLargest(columns, x + row &* columns, out + row &* columns) }
    ck_f32_exp(rows &* columns, out, out)
    for row in 0..<rows {
      let to = out + row &* columns
      var sum: Float = 0
      for i in 0..<columns { sum += to[i] }
      let factor = 1 / sum
      for i in 0..<columns { to[i] *= factor }
    }
  }

  static func logSoftmax(rows: Int, columns: Int, _ x: Source, _ out: Target) {
    guard columns > 0 else { return }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { powers in
      guard let powers = powers.baseAddress else { return }
      for row in 0..<rows {
        let to = out + row &* columns
        subtractLargest(columns, x + row &* columns, to)
        var sum: Float = 0
        for start in stride(from: 0, to: columns, by: 256) {
          let count = Swift.min(256, columns - start)
          ck_f32_exp(count, to + start, powers)
          for i in 0..<count { sum += powers[i] }
        }
        ck_f32_log(1, &sum, powers)
        let normaliser = powers[0]
        for i in 0..<columns { to[i] -= normaliser }
      }
    }
  }

  private static func subtractLargest(_ count: Int, _ x: Source, _ out: Target) {
    var largest = x[0]
    for i in 1..<Swift.max(count, 1) { largest = Swift.max(largest, x[i]) }
    for i in 0..<count { out[i] = x[i] - largest }
  }

  static func place(blocks: Int, run: Int, stride: Int, offset: Int, _ x: Source, _ out: Target) {
    for block in 0..<blocks { (out + offset + block &* stride).update(from: x + block &* run, count: run) }
  }
}
