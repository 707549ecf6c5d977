/// Tests of whether bytes look random; they find errors of protocols, not weaknesses of ciphers.
public enum Randomness {
  /// Pearson's statistic of a sample of bytes against the uniform distribution: mean 255, standard deviation 22.6.
  public static func chiSquare(_ bytes: some Sequence<UInt8>) -> Double {
    var counts = [Int](repeating: 0, count: 256)
    var total = 0
    for byte in bytes {
      counts[Int(byte)] += 1
      total += 1
    }
    let expected = Double(total) / 256
    return counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
  }

  /// Seven standard deviations above the mean; a uniform sample exceeds it once in about 10⁹ times.
  public static let chiSquareLimit = 255 + 7 * 22.6

  /// The dimension over GF(2) of the affine hull of bit vectors, which is their length unless some exclusive-or of bits
  /// is constant: a mask used twice, a bit that is not masked.
  ///
  /// - Source: Gaussian elimination, row by row, each row stored at its lowest set bit.
  public static func affineRank(_ rows: [[UInt8]]) -> Int {
    guard let origin = rows.first else { return 0 }
    let wordCount = (origin.count + 7) / 8
    func words(_ row: [UInt8]) -> [UInt64] {
      var words = [UInt64](repeating: 0, count: wordCount)
      for (index, byte) in row.enumerated() {
        words[index / 8] |= UInt64(byte ^ origin[index]) << UInt64(index % 8 * 8)
      }
      return words
    }
    var basis = [[UInt64]?](repeating: nil, count: wordCount * 64)
    var rank = 0
    for row in rows.dropFirst() where rank < origin.count * 8 {
      var rest = words(row)
      var index = 0
      while index < wordCount {
        guard rest[index] != 0 else {
          index += 1
          continue
        }
        let bit = index * 64 + rest[index].trailingZeroBitCount
        guard let pivot = basis[bit] else {
          basis[bit] = rest
          rank += 1
          break
        }
        for word in index..<wordCount { rest[word] ^= pivot[word] }
      }
    }
    return rank
  }
}
