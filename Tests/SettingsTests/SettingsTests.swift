import Settings
import Testing

@Suite struct SettingsTests {
  static let words = ["learningRate", "momentum", "weightDecay", "deadlineSeconds"]

  @Test(arguments: [
    ("momentun", "momentum"), ("mometnum", "momentum"), ("MOMENTUM", "momentum"), ("deadline", "deadlineSeconds"),
    ("l", "learningRate"), ("learninRat", "learningRate"), ("zzz", nil), ("", nil), ("pressure of the tyres", nil),
  ])
  func nearest(word: String, expected: String?) {
    #expect(Spelling.nearest(to: word, in: Self.words) == expected)
    #expect(Spelling.nearest(to: word, in: []) == nil)
  }

  @Test(arguments: [
    ("", 0), ("a: b", 0), ("[[x], [y]]", 3), ("- - - x", 6), ("a:\n  b:\n    c: 1", 2), ("{a: {b: 1}}\n{c: 1}", 2),
  ])
  func nestingIsBounded(text: String, bound: Int) {
    #expect(YAMLBounds.nesting(of: text) == bound)
  }

  /// Marks that join the scalar before them, and every line break the parser knows.
  @Test func nothingHidesNesting() {
    #expect(YAMLBounds.nesting(of: String(repeating: "{\u{301}: ", count: 500)) == 500)
    for lineBreak in ["\n", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{2029}"] {
      let lines = (0..<100).map { String(repeating: " ", count: $0) + "a:" }
      #expect(YAMLBounds.nesting(of: lines.joined(separator: lineBreak)) == 49)
      #expect(YAMLBounds.hasAlias("a: &b [x]\(lineBreak)*b : 1"))
    }
  }

  @Test(arguments: [
    ("a: *b", true), ("[*b]", true), ("{*b : 1}", true), ("*b", true), ("- *b", true), ("a: 2 * 3", false),
    ("a: x*y", false), ("a: '**'", false), ("", false),
  ])
  func aliases(text: String, expected: Bool) {
    #expect(YAMLBounds.hasAlias(text) == expected)
  }
}
