import ArgumentParser
import Tacit

extension DemoCommand {
  struct Served: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "mnist-served",
      abstract: "A network from a Keras file, shared among three parties that read three digits.",
      discussion: "Example: tacit demo mnist-served --data ../shared/data")

    @Option(
      help: "A model of digits: .h5, .onnx or .tacit; the published one in the folder of data where none is given.")
    var model: String?
    @Option(help: "Seconds to wait for a party before giving up.") var deadline = 30.0
    @OptionGroup var options: DemoOptions

    func run() async throws {
      guard deadline > 0, deadline <= 3600 else {
        throw UsageError("--deadline must be more than 0 and at most 3600 seconds, not \(deadline)")
      }
      let setting = try options.setting(.mnist, splits: 1)
      let story = ServedDigitsStory(
        setting, model: model ?? setting.data + "/" + ServedDigitsStory.publishedModel,
        deadline: .milliseconds(Int64(deadline * 1000)))
      try await options.show { try await story.tell(progress: $0) }
    }
  }
}
