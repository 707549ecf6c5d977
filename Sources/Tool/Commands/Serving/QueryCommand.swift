import ArgumentParser
import Foundation
import Tacit

struct QueryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "Ask a shared model about an input that no party sees.",
    discussion: """
      Each example counts one request. With several --cluster, the first that answers is asked; a refusal by its terms is \
      final.

      Example: tacit query --model mnist --input seven.png --cluster cluster.yaml --identity identities/shop
      """)

  @Option(help: "The model's name, as tacit models lists it.") var model: String
  @Option(help: "FILE or NAME=FILE: .npy, first axis the batch; .csv; or a .png picture of the model's size.")
  var input: String
  @Option(help: "Where to write the predictions: .npy or .csv.") var output: String?
  @Option(help: "The cluster file; repeat it for clusters that serve the same model.") var cluster: [String]
  @Option(help: "The folder of the client's certificate and key, made by tacit keys issue --role client.")
  var identity: String
  @Option(help: "What the brightest pixel of a picture is to the model; the darkest is 0.") var whitePixel: Float = 1
  @Option(help: "Seconds to wait for a party before giving up.") var deadline = 30.0
  @Flag(help: "Print one JSON object.") var json = false

  func run() async throws {
    let places = try cluster.map { ModelQuery.Place(name: $0, cluster: try ClusterFile.load(from: $0)) }
    let question = ModelQuery(
      model: model, places: places, identity: try NodeIdentity.load(from: identity),
      patience: try Patience.checked(deadline))
    let (outcome, prediction) = try await question.run(
      { try ModelInput.read(input, for: InputForm($0), whitePixel: whitePixel) },
      passed: { place, error in
        FileHandle.standardError.write(Data("\(place) does not answer: \(error)\n".utf8))
      })
    if let output { try ModelOutput.write(prediction, to: output) }
    if json { return try JSONOutput.print(outcome) }
    let milliseconds = (outcome.seconds * 1000).formatted(.number.precision(.significantDigits(3)))
    print("\(outcome.batch) examples by \(outcome.model) at \(outcome.cluster) in \(milliseconds) ms")
    if let labels = outcome.labels { print(labels.prefix(20).joined(separator: "  ")) }
    if output == nil { print(ModelOutput.preview(prediction)) }
    if let left = outcome.requestsLeft { print("\(left) requests left") }
  }
}
