import Foundation

/// The texts that users read, and the code blocks in them.
enum Documents {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  struct Block: CustomStringConvertible {
    let file: String
    /// From 1.
    let line: Int
    let language: String
    let lines: [String]

    var description: String { "\(file):\(line)" }
    var text: String { lines.joined(separator: "\n") }
  }

  /// The files under a folder of the project with one of these endings, as paths from its root.
  static func files(in folder: String, endings: [String]) -> [String] {
    let base = root.appendingPathComponent(folder)
    let found = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
    return found.filter { name in
      endings.contains { name.hasSuffix($0) } && !name.contains(".build")
    }.sorted().map { folder + "/" + $0 }
  }

  static func text(of file: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(file), encoding: .utf8)
  }

  /// The fenced blocks of a Markdown file.
  static func blocks(of file: String) throws -> [Block] {
    var blocks: [Block] = []
    var open: (line: Int, language: String, lines: [String])?
    for (index, line) in try text(of: file).components(separatedBy: "\n").enumerated() {
      let bare = line.trimmingCharacters(in: .whitespaces)
      guard bare.hasPrefix("```") else {
        open?.lines.append(line)
        continue
      }
      if let done = open {
        blocks.append(Block(file: file, line: done.line, language: done.language, lines: done.lines))
        open = nil
      } else {
        open = (index + 1, String(bare.dropFirst(3)), [])
      }
    }
    return blocks
  }

  /// The site's articles, the README and those of the examples.
  static var taught: [String] {
    ["README.md"] + files(in: "Sources/Tacit/Tacit.docc", endings: [".md"])
      + files(in: "Examples", endings: ["README.md"])
  }
}
