import ArgumentParser
import Foundation
import Tacit

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Write a model in another tool's format, or another tool's as ours.",
    discussion: """
      The formats are known by the files' endings: .tacit holds all that a model is; .onnx its program and weights, for whoever runs it \
      in the clear; .safetensors its weights alone.

      Example: tacit convert runs/credit/model.tacit credit.onnx
      """)

  @Argument(help: "A model file (.tacit, .onnx, .h5, .safetensors, .npz).") var model: String
  @Argument(help: "The file to write (.tacit, .onnx, .safetensors).") var output: String
  @Option(
    help: "Which layers the tensors of a .safetensors or .npz file belong to (docs/MODELS.md); MODEL.yaml if not given."
  )
  var description: String?

  private enum Format: String {
    case tacit, onnx, safetensors
  }

  func run() throws {
    let ending = output.split(separator: ".").last.map { $0.lowercased() } ?? ""
    guard let format = Format(rawValue: ending) else {
      throw UsageError("\(output) has to end in .tacit, .onnx or .safetensors, which is how its format is known")
    }
    let file = try ModelFile.open(model, description: description)
    let data =
      switch format {
      case .tacit: try file.encoded()
      case .onnx: try file.encodedONNX()
      case .safetensors: try Safetensors.encoded(file.weights)
      }
    do { try data.write(to: URL(fileURLWithPath: output), options: .atomic) } catch {
      throw UsageError("\(output) cannot be written; check its folder and your rights")
    }
    print("\(output): \(file.weights.count) tensors, \(file.weights.values.reduce(0) { $0 + $1.count }) weights")
    if format != .tacit, file.preprocessing != nil {
      print("How rows become inputs is not in it: \(output) takes features as the model's preprocessing makes them.")
    }
  }
}
