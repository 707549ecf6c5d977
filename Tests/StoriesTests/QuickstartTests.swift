import Foundation
import Testing

@Suite struct QuickstartTests {
  /// The README shows the very program that every build compiles.
  @Test func readmeShowsTheSnippet() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
    let snippet = try String(contentsOf: root.appendingPathComponent("Snippets/Quickstart.swift"), encoding: .utf8)
    #expect(readme.contains("```swift\n" + snippet + "```"))
  }
}
