import Foundation
import Testing

/// Each `tacit …` line that users read names a command that there is, with options that it has.
///
/// The program itself says what it takes (`--experimental-dump-help`).
@Suite struct CommandBlockTests {
  @Test func commandsAreUnderstood() throws {
    let help = try JSONDecoder().decode(
      Help.self, from: Data(try Programs.run("tacit", "--experimental-dump-help").output.utf8))
    var count = 0
    for document in Documents.taught {
      for block in try Documents.blocks(of: document) where ["sh", ""].contains(block.language) {
        for words in Self.commands(in: block.lines) {
          let fault = help.command.fault(in: words)
          #expect(fault == nil, "\(block): tacit \(words.joined(separator: " ")): \(fault ?? "")")
          count += 1
        }
      }
    }
    #expect(count >= 30)
  }

  /// The words after `tacit` of each such line; comments and what follows `&`, `|` or `>` left out.
  private static func commands(in lines: [String]) -> [[String]] {
    lines.compactMap { line in
      let code = line.components(separatedBy: " #")[0]
      let words = code.split(separator: " ").map(String.init)
      guard let first = words.first, ["tacit", "./tacit"].contains(first) else { return nil }
      return Array(words.dropFirst().prefix { !["&", "|", ">", "&&"].contains($0) })
    }
  }

  private struct Help: Decodable {
    let command: Command
  }

  private struct Command: Decodable {
    struct Argument: Decodable {
      struct Name: Decodable {
        let kind: String
        let name: String
      }
      let kind: String
      let names: [Name]?
      let isRepeating: Bool
      let isOptional: Bool
      /// Whether it takes one value at a time, or all up to the next option.
      let parsingStrategy: String?
    }
    let commandName: String
    let arguments: [Argument]?
    let subcommands: [Command]?
    let defaultSubcommand: String?

    /// Why the words are no call of this command, or `nil`.
    func fault(in words: [String]) -> String? {
      let own = subcommands?.filter { $0.commandName != "help" } ?? []
      if let first = words.first, let next = own.first(where: { $0.commandName == first }) {
        return next.fault(in: Array(words.dropFirst()))
      }
      if let name = defaultSubcommand, let next = own.first(where: { $0.commandName == name }) {
        return next.fault(in: words)
      }
      if !own.isEmpty { return words.first.map { "\(commandName) has no command \($0)" } }
      return faultInArguments(words)
    }

    private func faultInArguments(_ words: [String]) -> String? {
      let arguments = arguments ?? []
      var given = 0
      var rest = words[...]
      while let word = rest.popFirst() {
        guard word.hasPrefix("-"), word.count > 1 else {
          given += 1
          continue
        }
        let bare = word.drop { $0 == "-" }.split(separator: "=", maxSplits: 1)
        guard let name = bare.first,
          let argument = arguments.first(where: { ($0.names ?? []).contains { $0.name == name } })
        else { return "\(commandName) has no \(word)" }
        if argument.kind == "option", bare.count == 1 {
          guard rest.popFirst() != nil else { return "\(word) needs a value" }
          if argument.isRepeating, argument.parsingStrategy == "upToNextOption" {
            rest = rest.drop { !$0.hasPrefix("-") }
          }
        }
      }
      let positional = arguments.filter { $0.kind == "positional" }
      if given > positional.count, !positional.contains(where: \.isRepeating) { return "\(commandName) takes less" }
      if given < positional.filter({ !$0.isOptional }).count { return "\(commandName) needs more" }
      return nil
    }
  }
}
