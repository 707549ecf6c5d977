import ArgumentParser
import Tacit

extension DemoCommand {
  struct EncryptedDigits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "mnist-encrypted-training",
      abstract: "Handwritten digits, learned on secret shares.",
      discussion: """
        Three party processes train on images that none of them sees; the same is trained in the clear to compare. Takes about \
        a minute; --epochs 1 --units 16 is shorter.

        Example: tacit demo mnist-encrypted-training --data ../shared/data
        """)

    @Option(help: "Passes over the images.") var epochs = 3
    @Option(help: "Units of the hidden layer.") var units = 128
    @Option(help: "Images a step.") var batch = 128
    @Flag(help: "Let two parties with a dealer train it, too: as long again, and gigabytes of dealt randomness.")
    var dealer = false
    @OptionGroup var options: DemoOptions

    func run() async throws {
      guard (1...100).contains(epochs) else { throw UsageError("--epochs is between 1 and 100, not \(epochs)") }
      guard (1...1024).contains(units) else { throw UsageError("--units is between 1 and 1024, not \(units)") }
      guard (1...10_000).contains(batch) else { throw UsageError("--batch is between 1 and 10000, not \(batch)") }
      let story = EncryptedDigitsStory(
        try options.setting(.mnist, splits: 1), epochs: epochs, units: units, batch: batch, hasDealer: dealer)
      try await options.show { try await story.tell(progress: $0) }
    }
  }
}
