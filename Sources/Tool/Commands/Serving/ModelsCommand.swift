import ArgumentParser
import Foundation
import Tacit

struct ModelsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "List the models of a cluster that this identity may ask.",
    discussion: """
      Of a model that this identity has shared, --json also tells its terms and how often each client has asked.

      Example: tacit models --cluster cluster.yaml --identity identities/shop
      """)

  @OptionGroup var place: ClusterFlags

  private struct Report: Codable {
    var cluster: String
    var models: [Model]
  }

  private struct Model: Codable {
    var name: String
    var input: [Int]?
    var output: [Int]?
    var labels: [String]?
    var requestsLeft: Int?
    var expires: String?
    var fault: String?
    var owned: ModelListing.Details?

    init(_ listing: ModelListing) {
      name = listing.name
      input = listing.card?.exampleShape.extents
      output = listing.card?.outputShape.extents
      labels = listing.card?.labels
      requestsLeft = listing.requestsLeft
      expires = listing.card?.expires?.formatted(.iso8601)
      fault = listing.fault
      owned = listing.details
    }
  }

  func run() async throws {
    let listings = try await place.connected { try await $0.models() }
    let models = listings.map(Model.init)
    if place.json { return try JSONOutput.print(Report(cluster: place.cluster, models: models)) }
    guard !models.isEmpty else { return print("nothing is shared here that this identity may ask") }
    let rows =
      [["name", "input", "output", "left for me", "expires"]]
      + models.map { model in
        [
          model.name, Self.text(model.input), Self.text(model.output),
          model.requestsLeft.map { "\($0)" } ?? "no limit", model.expires ?? "never",
        ]
      }
    let widths = (0..<5).map { column in rows.map { $0[column].count }.max() ?? 0 }
    for (index, row) in rows.enumerated() {
      let cells = zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
      print(cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces))
      if index > 0, let fault = models[index - 1].fault { print("  not served: \(fault)") }
    }
  }

  private static func text(_ shape: [Int]?) -> String {
    shape.map { $0.isEmpty ? "1" : $0.map { "\($0)" }.joined(separator: "x") } ?? "-"
  }
}

struct WithdrawCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdraw",
    abstract: "Have the parties of a cluster forget a model; its owner alone may.",
    discussion: "Example: tacit withdraw mnist --cluster cluster.yaml --identity identities/owner")

  @Argument(help: "The model's name.") var name: String
  @OptionGroup var place: ClusterFlags

  func run() async throws {
    let name = name
    try await place.connected { try await $0.withdraw(name) }
    if place.json { return try JSONOutput.print(["withdrawn": name]) }
    print("\(name) is withdrawn")
  }
}
