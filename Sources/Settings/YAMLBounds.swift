/// What is known of a YAML text before it is parsed: the parser calls itself for each level and follows aliases, so both are
/// bounded first.
///
/// Texts are read scalar by scalar, as the parser does: a combining mark must not hide the bracket before it, nor an unusual
/// line break the indentation after it.
package enum YAMLBounds {
  /// An upper bound of how deeply collections are nested, from brackets, indentation and dashes alone.
  package static func nesting(of text: String) -> Int {
    var brackets = 0
    var deepest = 0
    for line in text.unicodeScalars.split(whereSeparator: isLineBreak) {
      let lead = line.prefix { $0 == " " || $0 == "-" || $0 == "?" }
      let marks = lead.count { $0 != " " } + lead.count / 2
      brackets += line.count { $0 == "[" || $0 == "{" }
      deepest = max(deepest, marks + brackets)
      brackets = max(0, brackets - line.count { $0 == "]" || $0 == "}" })
    }
    return deepest
  }

  /// Whether a star stands where an alias would begin. A text may need quotes and a letter before the star.
  package static func hasAlias(_ text: String) -> Bool {
    var previous: Unicode.Scalar = "\n"
    var isAfterStar = false
    for scalar in text.unicodeScalars {
      if isAfterStar, !isSpace(scalar) { return true }
      isAfterStar = scalar == "*" && (isSpace(previous) || "[{,:?-".unicodeScalars.contains(previous))
      previous = scalar
    }
    return false
  }

  /// The line breaks of YAML 1.1.
  private static func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "\n" || scalar == "\r" || scalar == "\u{85}" || scalar == "\u{2028}" || scalar == "\u{2029}"
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar <= " " || isLineBreak(scalar) || scalar == "\u{FEFF}"
  }
}
