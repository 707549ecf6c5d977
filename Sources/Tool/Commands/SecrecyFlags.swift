import ArgumentParser
import Tacit

/// Flags of commands that bring a model onto shares.
struct SecrecyFlags: ParsableArguments {
  @Option(
    help: "Which layers the tensors of a .safetensors or .npz file belong to (docs/MODELS.md); MODEL.yaml if not given."
  )
  var description: String?
  @Option(help: "Bits behind the point, 10 to 24.") var fractionBits = 16
  @Option(
    parsing: .unconditional,
    help: "What inputs lie in, publicly: LOW:HIGH, or none; the model file's range where it is not given.")
  var inputRange: String?
  @Option(help: "What replicated parties spend less of: bytes or rounds.") var optimise = "bytes"
  @Option(help: "How replicated parties truncate: safe, or fast, which fails with a probability that the plan states.")
  var truncation = "safe"

  /// The model of a file, with the range that is declared of its inputs.
  func open(_ path: String) throws -> ModelFile {
    try DeclaredRange.apply(inputRange, to: try ModelFile.open(path, description: description))
  }

  func options(engine: EngineOptions.Engine) throws -> ReplicatedOptions {
    try EngineOptions.checked(optimise: optimise, truncation: truncation, engine: engine)
  }
}

/// The flag `--input-range LOW:HIGH|none`.
enum DeclaredRange {
  /// The model with the range that the flag declares; without the flag, with its own.
  static func apply(_ flag: String?, to model: ModelFile) throws -> ModelFile {
    guard let flag else { return model }
    guard flag != "none" else { return try model.declaring(nil) }
    let bounds = flag.split(separator: ":", omittingEmptySubsequences: false).map { Float($0) }
    guard bounds.count == 2, let low = bounds[0], let high = bounds[1], low <= high else {
      throw UsageError("--input-range is LOW:HIGH, such as -4:4, or none, not \"\(flag)\"")
    }
    return try model.declaring(try InputRange(low...high))
  }
}
