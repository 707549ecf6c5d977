import CKernels

/// Loops over flat weights.
extension [Float] {
  /// The Euclidean length, in double precision.
  var norm: Double {
    withUnsafeBufferPointer { values in
      var sum = 0.0
      for value in values { sum += Double(value) * Double(value) }
      return sum.squareRoot()
    }
  }

  var isFinite: Bool {
    withUnsafeBufferPointer { values in
      // The exponent of nan and infinity is all ones, and that of no number is.
      var top: UInt32 = 0
      for value in values { top = Swift.max(top, value.bitPattern & 0x7f80_0000) }
      return top < 0x7f80_0000
    }
  }

  mutating func scale(by factor: Float) {
    withUnsafeMutableBufferPointer { values in
      if let base = values.baseAddress { ck_f32_scale(values.count, base, factor, base) }
    }
  }

  /// Adds `factor · other`, of equal length.
  mutating func add(_ other: [Float], times factor: Float) {
    precondition(count == other.count, "\(count) and \(other.count) values")
    withUnsafeMutableBufferPointer { values in
      other.withUnsafeBufferPointer { other in
        if let x = other.baseAddress, let y = values.baseAddress { ck_f32_axpy(values.count, factor, x, y) }
      }
    }
  }

  /// Adds the value of equal place, from the start on.
  func adding(_ other: [Float]) -> [Float] {
    var sum = self
    sum.add(other, times: 1)
    return sum
  }
}
