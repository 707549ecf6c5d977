import ArgumentParser
import Tacit

extension DemoCommand {
  struct Averaging: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "averaging",
      abstract: "What gradients give away: an attack on training in turn, on averaging, and on secure averaging.",
      discussion: "Example: tacit demo averaging --data ../shared/data")

    @Option(help: "How many people with one image each take part.") var workers = 60
    @OptionGroup var options: DemoOptions

    func run() async throws {
      guard (3...200).contains(workers) else { throw UsageError("--workers is between 3 and 200, not \(workers)") }
      let story = AveragingStory(try options.setting(.mnist, splits: 1), workers: workers)
      try await options.show { try await story.tell(progress: $0) }
    }
  }
}
