/// Floats as bytes, four a value, little-endian.
public enum FloatBytes {
  public static func bytes(of values: [Float]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 4 * values.count) { buffer, initialized in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      values.withUnsafeBufferPointer { values in
        for index in values.indices {
          raw.storeBytes(of: values[index].bitPattern.littleEndian, toByteOffset: 4 * index, as: UInt32.self)
        }
      }
      initialized = 4 * values.count
    }
  }

  /// `nil` where the bytes are no whole number of values.
  public static func values(of bytes: [UInt8]) -> [Float]? {
    guard bytes.count % 4 == 0 else { return nil }
    let count = bytes.count / 4
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      bytes.withUnsafeBytes { raw in
        for index in 0..<count {
          let word = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
          buffer.initializeElement(at: index, to: Float(bitPattern: word))
        }
      }
      initialized = count
    }
  }
}
