import ArgumentParser
import Foundation
import Tacit

struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a model as a job file says.",
    discussion: """
      A job file:

        model:
          layers: [{dense: 64}, relu, {dense: 32}, relu, {dense: 1}, sigmoid]
        data: {set: credit-approval, path: ../shared/data, test: 0.2}     # or {file: x.csv, target: column}
        training: {epochs: 20, batch: 32, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.05}}, seed: 7}
        output: runs/credit

      Writes report.json, model.tacit and curves.svg. Paths are relative to where the program is called.

      Example: tacit train job.yaml --json
      """)

  @Argument(help: "The job file (YAML).") var job: String
  @Option(help: "The seed, in place of the job's.") var seed: UInt64?
  @Option(help: "The folder for results, in place of the job's.") var output: String?
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    guard let data = FileManager.default.contents(atPath: job) else {
      throw UsageError("the job file \(job) cannot be read: check its path")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw UsageError("the job file \(job) is not UTF-8 text")
    }
    var job = try Job.parse(text)
    if let seed { job.training.seed = seed }
    let folder = output ?? job.output ?? "runs/train"
    let isTerminal = isatty(STDERR_FILENO) != 0
    let result = try JobRunner(
      job, environment: ProcessInfo.processInfo.environment, versions: ["tacit": TacitVersion.current]
    ).run { progress in
      guard isTerminal else { return }
      let line = String(format: "\r\u{1B}[Kepoch %d of %d, loss %.4f", progress.epoch, progress.epochs, progress.loss)
      FileHandle.standardError.write(Data(line.utf8))
    }
    if isTerminal { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    try result.write(to: folder)
    try TrainedModel.file(of: result, creator: "tacit train").save(to: folder + "/model.tacit")
    if json {
      try JSONOutput.print(result.report)
    } else {
      print(Self.text(result.report, folder: folder))
    }
  }

  private static func text(_ report: TrainingReport, folder: String) -> String {
    func line(_ name: String, _ value: Double?, _ format: String) -> String? {
      value.map { String(format: "%-20@ \(format)", name as NSString, $0) }
    }
    let lines = [
      "\(report.data.source): \(report.data.train) rows to train on, \(report.data.test) to judge by",
      line("accuracy", report.accuracy, "%.4f"), line("AUC", report.auc, "%.4f"),
      line("mean squared error", report.meanSquaredError, "%.4f"), line("R²", report.rSquared, "%.4f"),
      line("last loss", report.loss.last, "%.4f"), line("seconds an epoch", report.secondsPerEpoch, "%.4f"),
      "\(folder)/model.tacit holds the model, \(folder)/report.json the figures, \(folder)/curves.svg the loss",
    ]
    return lines.compactMap { $0 }.joined(separator: "\n")
  }
}
