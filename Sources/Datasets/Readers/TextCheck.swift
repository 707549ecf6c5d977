/// Checks that bytes are text before anything else looks at them.
enum TextCheck {
  /// Throws at the first byte that is NUL or no UTF-8 (RFC 3629), with its line.
  static func check(_ bytes: [UInt8], file: String) throws(DatasetError) {
    var line = 1
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte < 0x80 {
        if byte == 0 { throw .malformedText(file: file, line: line, fault: .nulByte) }
        if byte == 0x0A { line += 1 }
        index += 1
      } else {
        guard let length = sequenceLength(bytes, at: index) else {
          throw .malformedText(file: file, line: line, fault: .invalidUTF8)
        }
        index += length
      }
    }
  }

  /// The length of the multi-byte sequence at an index, or `nil` if it is none.
  private static func sequenceLength(_ bytes: [UInt8], at index: Int) -> Int? {
    let (length, second): (Int, ClosedRange<UInt8>)
    switch bytes[index] {
    case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return nil
    }
    guard index + length <= bytes.count, second.contains(bytes[index + 1]) else { return nil }
    for offset in 2..<max(length, 2) where bytes[index + offset] & 0xC0 != 0x80 { return nil }
    return length
  }
}
