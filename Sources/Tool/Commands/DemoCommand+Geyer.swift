import ArgumentParser
import Tacit

extension DemoCommand {
  struct Geyer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "geyer",
      abstract: "Digits, learned from clients each of whom is hidden: client-level differential privacy.",
      discussion: """
        The paper's three federations at ε = 8: 100 clients take some seconds, 1000 some minutes, 10000 half an hour.

        Example: tacit demo geyer --data ../shared/data --clients 100 --clients 1000
        """)

    @Option(help: "How many clients: 100, 1000 or 10000; several numbers train one federation each.")
    var clients: [Int] = [100]
    @Option(help: "Clients that train at a time.") var threads = 1
    @OptionGroup var options: DemoOptions

    func run() async throws {
      guard (1...256).contains(threads) else { throw UsageError("--threads is between 1 and 256, not \(threads)") }
      let federations = try clients.map { count in
        guard let federation = GeyerStory.Clients(rawValue: count) else {
          throw UsageError("--clients is 100, 1000 or 10000, not \(count)")
        }
        return federation
      }
      let story = GeyerStory(try options.setting(.mnist, splits: 1), clients: federations, threads: threads)
      try await options.show { try await story.tell(progress: $0) }
    }
  }
}
