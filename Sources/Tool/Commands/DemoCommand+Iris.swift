import ArgumentParser
import Tacit

extension DemoCommand {
  struct Iris: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "iris-paillier",
      abstract: "Flowers, learned by two and more parties under Paillier encryption.",
      discussion: """
        The same training with updates in the open, masked, under Paillier keys of 2048 and 3072 bits (any two of three \
        key-holders open a sum), and in shares: accuracy, time, bytes, and who learns what. Takes some minutes.

        Example: tacit demo iris-paillier --data ../shared/data --workers 2
        """)

    @Option(help: "How many parties train together; several numbers make a table each.")
    var workers: [Int] = [2, 3]
    @Option(help: "How many splits figures are means of.") var splits = 10
    @OptionGroup var options: DemoOptions

    func run() async throws {
      if let count = workers.first(where: { !(2...20).contains($0) }) {
        throw UsageError("--workers is between 2 and 20, not \(count)")
      }
      let story = IrisStory(try options.setting(.iris, splits: splits), workers: workers)
      try await options.show { try await story.tell(progress: $0) }
    }
  }
}
