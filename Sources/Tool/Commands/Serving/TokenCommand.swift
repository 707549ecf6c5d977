import ArgumentParser
import Foundation
import Tacit

struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Make tokens with which pages may ask a model of yours.",
    discussion: """
      Each is for one question from a page of an origin that tacit share --web-origin allowed. Whoever has one may ask: \
      give them away as you would give requests. They count with the model's requests, and end with its sharing.

      Example: tacit token --model credit --cluster cluster.yaml --identity identities/owner --count 50 --output tokens.txt
      """)

  @OptionGroup var place: ClusterFlags
  @Option(help: "The model's name.") var model: String
  @Option(help: "How many, 1 to 100000.") var count = 1
  @Option(help: "When they expire: 2027-01-31, 2027-01-31T12:00:00Z, or from now 90min, 12h, 30d.") var expires = "30d"
  @Option(help: "The file to write, one token a line, which only you can read; - for standard output.") var output = "-"

  private struct Report: Codable {
    var model: String
    var tokens: Int
    var expires: Date
    var output: String
  }

  func run() async throws {
    let (date, identity) = (try ExpiryDate.parse(expires), try NodeIdentity.load(from: place.identity))
    let model = model
    let card = try await place.connected { try await $0.ownCard(of: model) }
    let tokens = try PageToken.issue(count, for: card, until: date, by: identity)
    let text = tokens.joined(separator: "\n") + "\n"
    guard output != "-" else { return print(text, terminator: "") }
    guard
      !FileManager.default.fileExists(atPath: output),
      FileManager.default.createFile(atPath: output, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
    else { throw UsageError("the tokens cannot be written to \(output): name a new file in a folder that is there") }
    let report = Report(model: model, tokens: count, expires: date, output: output)
    if place.json { return try JSONOutput.print(report) }
    print("\(count) tokens for \(model) in \(output), until \(date.formatted(.iso8601))")
  }
}
