import Arithmetic

/// Values as whole multiples of a step, up or down at random so that they are right on average.
enum Quantisation: UInt8, Sendable {
  case byte = 8
  case word = 16

  private static let bucket = 512

  /// The largest multiple; a step is the bucket's largest value divided by it.
  private var levels: Int { self == .byte ? 127 : 32_767 }
  private var width: Int { Int(rawValue) / 8 }

  func byteCount(_ count: Int) -> Int { (count + Self.bucket - 1) / Self.bucket * 4 + count * width }

  func encode(_ vector: [Float], random: inout PublicGenerator) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: byteCount(vector.count)) { buffer, initialized in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      var offset = 0
      vector.withUnsafeBufferPointer { vector in
        for start in stride(from: 0, to: vector.count, by: Self.bucket) {
          let values = UnsafeBufferPointer(rebasing: vector[start..<min(start + Self.bucket, vector.count)])
          offset = encode(values, to: raw, at: offset, random: &random)
        }
      }
      initialized = offset
    }
  }

  private func encode(
    _ values: UnsafeBufferPointer<Float>, to raw: UnsafeMutableRawBufferPointer, at start: Int,
    random: inout PublicGenerator
  ) -> Int {
    var scale: Float = 0
    for value in values { scale = max(scale, abs(value)) }
    raw.storeBytes(of: scale.bitPattern.littleEndian, toByteOffset: start, as: UInt32.self)
    var offset = start + 4
    let factor = scale > 0 ? Double(levels) / Double(scale) : 0
    for value in values {
      let multiple = Double(value) * factor
      let low = multiple.rounded(.down)
      // A coin of 53 bits: the chance of going up is the distance to the step below, to all its digits that count.
      let level = Int(low) + (random.uniform() < multiple - low ? 1 : 0)
      let kept = min(max(level, -levels), levels)
      if self == .byte {
        raw[offset] = UInt8(bitPattern: Int8(kept))
      } else {
        raw.storeBytes(of: Int16(kept).littleEndian, toByteOffset: offset, as: Int16.self)
      }
      offset += width
    }
    return offset
  }

  func decode(_ bytes: ArraySlice<UInt8>, count: Int) throws(FederationError) -> [Float] {
    guard bytes.count == byteCount(count) else {
      throw .malformedUpdate(reason: "it has \(bytes.count) bytes of values and should have \(byteCount(count))")
    }
    var isSound = true
    let values = bytes.withUnsafeBytes { raw in
      [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
        var offset = 0
        for start in stride(from: 0, to: count, by: Self.bucket) {
          let scale = Float(
            bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
          isSound = isSound && scale.isFinite && scale >= 0
          offset += 4
          for index in start..<min(start + Self.bucket, count) {
            let level =
              self == .byte
              ? Int(Int8(bitPattern: raw[offset]))
              : Int(Int16(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: Int16.self)))
            isSound = isSound && abs(level) <= levels && (scale > 0 || level == 0)
            buffer.initializeElement(at: index, to: Float(Double(scale) * Double(level) / Double(levels)))
            offset += width
          }
        }
        initialized = count
      }
    }
    guard isSound else { throw .malformedUpdate(reason: "a scale or a level is out of range") }
    return values
  }
}
