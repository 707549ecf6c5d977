/// The header of a NumPy array file: a Python dictionary of three known keys, read without Python.
struct NPYHeader: Equatable {
  var scalarType: String
  var isFortranOrder: Bool
  var extents: [Int]

  /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` and blanks behind; each key once, in any
  /// order. `nil` for anything else.
  init?(_ bytes: ArraySlice<UInt8>) {
    var text = Text(rest: bytes)
    var scalarType: String?
    var isFortranOrder: Bool?
    var extents: [Int]?
    guard text.take("{") else { return nil }
    while !text.take("}") {
      guard let key = text.string(), text.take(":") else { return nil }
      switch key {
      case "descr" where scalarType == nil: scalarType = text.string()
      case "fortran_order" where isFortranOrder == nil: isFortranOrder = text.truth()
      case "shape" where extents == nil: extents = text.tuple()
      default: return nil
      }
      if !text.take(",") {
        guard text.take("}") else { return nil }
        break
      }
    }
    guard text.isAtEnd, let scalarType, let isFortranOrder, let extents else { return nil }
    self.scalarType = scalarType
    self.isFortranOrder = isFortranOrder
    self.extents = extents
  }
}

/// What is left to read.
private struct Text {
  var rest: ArraySlice<UInt8>

  var isAtEnd: Bool {
    mutating get {
      skipBlanks()
      return rest.isEmpty
    }
  }

  mutating func take(_ word: String) -> Bool {
    skipBlanks()
    guard rest.starts(with: word.utf8) else { return false }
    rest.removeFirst(word.utf8.count)
    return true
  }

  mutating func truth() -> Bool? {
    take("True") ? true : take("False") ? false : nil
  }

  /// A string in single or double quotes, printable and without escapes.
  mutating func string() -> String? {
    skipBlanks()
    guard let mark = rest.popFirst(), mark == UInt8(ascii: "'") || mark == UInt8(ascii: "\"") else { return nil }
    let content = rest.prefix { $0 != mark }
    guard content.count < rest.count, content.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
    else { return nil }
    rest.removeFirst(content.count + 1)
    return String(decoding: content, as: UTF8.self)
  }

  /// A tuple of whole numbers: `()`, `(3,)`, `(3, 4)`.
  mutating func tuple() -> [Int]? {
    guard take("(") else { return nil }
    var numbers: [Int] = []
    while !take(")") {
      skipBlanks()
      let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
      guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
      rest.removeFirst(digits.count)
      numbers.append(number)
      if !take(",") {
        guard numbers.count > 1, take(")") else { return nil }
        break
      }
    }
    return numbers
  }

  private mutating func skipBlanks() {
    rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
  }
}
