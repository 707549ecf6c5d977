import ArgumentParser
import Foundation
import Tacit

struct PredictCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict with a model, in the clear or in secret, on this machine.",
    discussion: """
      The engines: plain (32-bit floats), clear (the fixed-point arithmetic of the secret engines, in the clear), \
      replicated (three parties, none of which learns anything), additive (two or more parties with a dealer), spdz \
      (the same, and a party that deviates is caught before an output is released: exit code 5), replicated-malicious \
      (the same of three parties without a dealer, of whom one may deviate). \
      With the transport tls, party processes are started on this machine for the run, and the dealer's; with memory they \
      are tasks of this process. With --identify, parties of spdz sign what they open and find out which of them deviates; over \
      memory.

      Example: tacit predict runs/credit/model.tacit --input applications.csv --engine replicated --transport tls
      """)

  @Argument(help: "A model file: .tacit, .onnx, .h5 (Keras), or .safetensors and .npz with a description.")
  var model: String
  @Option(help: "FILE or NAME=FILE: .npy, first axis the batch, or .csv with a header if the model knows columns.")
  var input: String
  @Option(help: "Where to write the predictions: .npy or .csv.") var output: String?
  @Option(help: "plain, clear, replicated, replicated-malicious, additive or spdz.") var engine = "plain"
  @Option(help: "Computing parties; replicated has three, additive and spdz two or more.") var parties: Int?
  @Option(help: "memory or tls.") var transport = "memory"
  @OptionGroup var secrecy: SecrecyFlags
  @Option(name: .customLong("repeat"), help: "Timed runs after a warm-up.") var repeats = 1
  @Option(help: "Seconds to wait for a party before giving up.") var deadline = 30.0
  @Flag(help: "Name the party that cheats, with the engine spdz over memory.") var identify = false
  @Flag(help: "Print one JSON object.") var json = false

  func run() async throws {
    let options = try EngineOptions(
      engine: engine, parties: parties, transport: transport, fractionBits: secrecy.fractionBits, repeats: repeats,
      deadline: deadline, optimise: secrecy.optimise, truncation: secrecy.truncation,
      identify: identify)
    let file = try secrecy.open(model)
    let x = try ModelInput.read(input, for: file)
    let report = try await SecretPredictor(
      options: options, executable: try Executable.path, waiting: { WaitingLine.show($0) }
    ).predict(file, x)
    if let output { try ModelOutput.write(report.output, to: output) }
    if json {
      try JSONOutput.print(report.summary)
    } else {
      print(report.summary.text)
      guard output == nil else { return }
      if let meaning = ModelOutput.meaning(of: file) { print(meaning) }
      print(ModelOutput.preview(report.output))
    }
  }
}

/// Where this program is, so that it can start itself as a party.
enum Executable {
  static var path: String {
    get throws {
      guard let path = Bundle.main.executablePath else {
        throw UsageError("this program cannot find its own file to start parties: call it by its full path")
      }
      return path
    }
  }
}
