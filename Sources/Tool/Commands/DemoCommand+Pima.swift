import ArgumentParser
import Tacit

extension DemoCommand {
  struct Pima: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "pima",
      abstract: "Diabetes, foreseen by plain, federated and encrypted training.",
      discussion: "Example: tacit demo pima --data ../shared/data --splits 3")

    @Option(help: "How many splits figures are means of.") var splits = 10
    @OptionGroup var options: DemoOptions

    func run() async throws {
      let story = PimaStory(try options.setting(.pima, splits: splits))
      try await options.show { try await story.tell(progress: $0) }
    }
  }
}
