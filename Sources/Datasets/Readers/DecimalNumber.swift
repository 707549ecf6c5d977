/// Reads decimal numbers as they stand in data files; hexadecimal, `nan` and `inf` are none.
package enum DecimalNumber {
  /// The number a text spells as `[+-]digits[.digits][e[+-]digits]`, leading zeros allowed, or `nil`.
  ///
  /// The result is infinite where the text exceeds the range of a double.
  package static func parse(_ text: String) -> Double? {
    guard isSpelled(by: text.utf8) else { return nil }
    return Double(text)
  }

  /// Whether bytes spell a decimal number with the given decimal mark.
  static func isSpelled(by bytes: some Sequence<UInt8>, mark: UInt8 = UInt8(ascii: ".")) -> Bool {
    var stage = Stage.start
    for byte in bytes {
      guard let next = stage.next(byte, mark: mark) else { return false }
      stage = next
    }
    return stage.mayEnd
  }

  /// Whether bytes spell a number that is none to learn from: `nan`, `inf`, `infinity`, in any case, with any sign.
  static func isNonFinite(_ bytes: ArraySlice<UInt8>) -> Bool {
    var rest = bytes
    if let first = rest.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") { rest.removeFirst() }
    guard rest.count == 3 || rest.count == 8 else { return false }
    let lowered = rest.map { $0 | 0x20 }
    return lowered.elementsEqual("nan".utf8) || lowered.elementsEqual("inf".utf8)
      || lowered.elementsEqual("infinity".utf8)
  }

  private enum Stage {
    case start, sign, whole, mark, bareMark, fraction, exponent, exponentSign, exponentDigits

    var mayEnd: Bool {
      switch self {
      case .whole, .mark, .fraction, .exponentDigits: true
      case .start, .sign, .bareMark, .exponent, .exponentSign: false
      }
    }

    func next(_ byte: UInt8, mark: UInt8) -> Stage? {
      let isDigit = byte >= 0x30 && byte <= 0x39
      let isSign = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
      let isExponent = byte | 0x20 == UInt8(ascii: "e")
      switch self {
      case .start where isSign: return .sign
      case .start, .sign: return isDigit ? .whole : byte == mark ? .bareMark : nil
      case .whole: return isDigit ? .whole : byte == mark ? .mark : isExponent ? .exponent : nil
      case .mark, .fraction: return isDigit ? .fraction : isExponent ? .exponent : nil
      case .bareMark: return isDigit ? .fraction : nil
      case .exponent where isSign: return .exponentSign
      case .exponent, .exponentSign, .exponentDigits: return isDigit ? .exponentDigits : nil
      }
    }
  }
}
