import CKernels

/// Random numbers for secrets, from the operating system's cryptographic generator.
public enum SecureRandom {
  /// `count` fresh random bytes, straight from the operating system: for keys, tokens and nonces.
  public static func bytes(_ count: Int) -> [UInt8] {
    var system = SystemRandomNumberGenerator()
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      while initialized < count {
        var word = system.next()
        for _ in 0..<min(8, count - initialized) {
          buffer.initializeElement(at: initialized, to: UInt8(truncatingIfNeeded: word))
          word >>= 8
          initialized += 1
        }
      }
    }
  }

  /// `count` fresh random words in bulk: a stream under a key from the operating system that nobody keeps.
  public static func words(_ count: Int) -> [UInt64] {
    var key = bytes(PseudorandomGenerator.keyByteCount)
    defer { key.withUnsafeMutableBytes { ck_zero($0.baseAddress, $0.count) } }
    return PseudorandomGenerator(key: key).words(count: count, counterHigh: 0, counterLow: 0)
  }
}
