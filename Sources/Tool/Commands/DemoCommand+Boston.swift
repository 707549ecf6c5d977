import ArgumentParser
import Tacit

extension DemoCommand {
  struct Boston: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "boston",
      abstract: "House prices: the founding paper's tables.",
      discussion: """
        Trains in the clear, by virtual workers, by worker processes over WebSocket and TLS, and on shares; times the same \
        with an exchange a batch; and trains with differential privacy. Takes some minutes.

        Example: tacit demo boston --data ../shared/data --splits 3
        """)

    @Option(help: "How many splits figures are means of.") var splits = 10
    @OptionGroup var options: DemoOptions

    func run() async throws {
      let story = BostonStory(try options.setting(.boston, splits: splits))
      try await options.show { try await story.tell(progress: $0) }
    }
  }
}
