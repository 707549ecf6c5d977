/// JSON byte for byte as Python's `json.dumps` writes it, and objects of strings in the order in which they stand.
package enum PythonJSON {
  package static func object(_ entries: [(String, String)]) -> String {
    "{" + entries.map { "\(string($0)): \($1)" }.joined(separator: ", ") + "}"
  }

  static func list(_ numbers: [Int]) -> String { "[" + numbers.map(String.init).joined(separator: ", ") + "]" }

  /// In quotes, all but ASCII escaped.
  package static func string(_ text: String) -> String {
    var escaped = "\""
    for unit in text.utf16 {
      switch unit {
      case 0x22: escaped += "\\\""
      case 0x5C: escaped += "\\\\"
      case 0x08: escaped += "\\b"
      case 0x09: escaped += "\\t"
      case 0x0A: escaped += "\\n"
      case 0x0C: escaped += "\\f"
      case 0x0D: escaped += "\\r"
      case 0x20..<0x7F: escaped.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
      default:
        let digits = String(unit, radix: 16)
        escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return escaped + "\""
  }

  /// Reads `{"name": "value", …}`; names that stand twice are left to the caller.
  package static func strings(_ bytes: [UInt8]) throws(FlowerError) -> [(String, String)] {
    var text = Text(bytes: bytes)
    guard text.take("{") else { throw .malformedObject("its body is no JSON object") }
    var entries: [(String, String)] = []
    if text.take("}") {
      guard text.isAtEnd else { throw .malformedObject("its JSON goes on behind its end") }
      return entries
    }
    repeat {
      guard let name = text.string(), text.take(":"), let value = text.string() else {
        throw .malformedObject("its JSON is no object of strings")
      }
      entries.append((name, value))
    } while text.take(",")
    guard text.take("}"), text.isAtEnd else { throw .malformedObject("its JSON does not end as it should") }
    return entries
  }

  private struct Text {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool {
      mutating get {
        skipBlanks()
        return position == bytes.count
      }
    }

    mutating func take(_ mark: Character) -> Bool {
      skipBlanks()
      guard position < bytes.count, bytes[position] == mark.asciiValue else { return false }
      position += 1
      return true
    }

    mutating func string() -> String? {
      guard take("\"") else { return nil }
      var units: [UInt16] = []
      var plain = position
      func utf16(_ slice: ArraySlice<UInt8>) -> [UInt16]? {
        String(validating: slice, as: UTF8.self).map { Array($0.utf16) }
      }
      while position < bytes.count {
        switch bytes[position] {
        case UInt8(ascii: "\""):
          guard let rest = utf16(bytes[plain..<position]) else { return nil }
          position += 1
          return String(validating: units + rest, as: UTF16.self)
        case UInt8(ascii: "\\"):
          guard let before = utf16(bytes[plain..<position]) else { return nil }
          units += before
          position += 1
          guard let unit = escape() else { return nil }
          units.append(unit)
          plain = position
        case 0..<0x20: return nil
        default: position += 1
        }
      }
      return nil
    }

    private mutating func escape() -> UInt16? {
      guard position < bytes.count else { return nil }
      let mark = bytes[position]
      position += 1
      switch mark {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt16(mark)
      case UInt8(ascii: "b"): return 0x08
      case UInt8(ascii: "f"): return 0x0C
      case UInt8(ascii: "n"): return 0x0A
      case UInt8(ascii: "r"): return 0x0D
      case UInt8(ascii: "t"): return 0x09
      case UInt8(ascii: "u"):
        guard position + 4 <= bytes.count else { return nil }
        let digits = bytes[position..<position + 4]
        position += 4
        guard digits.first != UInt8(ascii: "+") else { return nil }
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
      default: return nil
      }
    }

    private mutating func skipBlanks() {
      while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }
  }
}
