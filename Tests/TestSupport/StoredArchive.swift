/// Writes ZIP archives whose files are stored as they are, by the format's own rules.
public enum StoredArchive {
  public static func bytes(of files: [(name: String, content: [UInt8])]) -> [UInt8] {
    var (body, directory): ([UInt8], [UInt8]) = ([], [])
    for (name, content) in files {
      let start = body.count
      // Version, flags, method 0, time and date; then what is known of the content.
      let facts =
        number(20, 2) + number(0, 8) + number(checksum(content), 4) + number(content.count, 4)
        + number(content.count, 4) + number(name.utf8.count, 2) + number(0, 2)
      body += number(0x0403_4b50, 4) + facts + Array(name.utf8) + content
      directory += number(0x0201_4b50, 4) + number(20, 2) + facts + number(0, 10) + number(start, 4) + Array(name.utf8)
    }
    let end =
      number(0x0605_4b50, 4) + number(0, 4) + number(files.count, 2) + number(files.count, 2)
      + number(directory.count, 4) + number(body.count, 4) + number(0, 2)
    return body + directory + end
  }

  private static func number(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
  }

  /// CRC-32, bit by bit.
  private static func checksum(_ bytes: [UInt8]) -> Int {
    var check: UInt32 = .max
    for byte in bytes {
      check ^= UInt32(byte)
      for _ in 0..<8 { check = check & 1 == 1 ? check >> 1 ^ 0xEDB8_8320 : check >> 1 }
    }
    return Int(~check)
  }
}
