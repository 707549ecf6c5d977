import Foundation
import Tacit
import Testing

/// What users read is what is compiled and run.
@Suite struct CodeBlockTests {
  /// Lines without their indentation.
  private static func bare(_ text: String) -> [String] {
    text.components(separatedBy: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// Each block of Swift is a run of lines of one file that every build compiles.
  @Test func swiftIsCompiled() throws {
    let folders = ["Snippets", "Tests/DocumentationTests/Lessons", "Examples"]
    let files = folders.flatMap { Documents.files(in: $0, endings: [".swift"]) }.filter {
      !$0.hasSuffix("Package.swift")
    }
    let sources = try files.map { Self.bare(try Documents.text(of: $0)) }
    var count = 0
    for document in Documents.taught {
      for block in try Documents.blocks(of: document) where block.language == "swift" {
        let lines = Self.bare(block.text)
        #expect(sources.contains { $0.contains(lines) }, "\(block) is not in a file that is compiled")
        count += 1
      }
    }
    #expect(count >= 20)
  }

  /// Whatever is shown in another language than these is no code of ours.
  @Test func languagesAreNamed() throws {
    let known = ["swift", "sh", "yaml", "text", ""]
    for document in Documents.taught {
      for block in try Documents.blocks(of: document) {
        #expect(known.contains(block.language), "\(block) is of the language \(block.language)")
      }
    }
  }

  /// Each job of the site is one that `tacit train` takes.
  @Test func jobsParse() throws {
    var count = 0
    for document in Documents.taught where document.hasPrefix("Sources") {
      for block in try Documents.blocks(of: document) where block.language == "yaml" {
        guard block.lines.contains(where: { $0.hasPrefix("model:") }) else { continue }
        #expect(throws: Never.self, "\(block)") { try Job.parse(block.text) }
        count += 1
      }
    }
    #expect(count >= 2)
  }
}
