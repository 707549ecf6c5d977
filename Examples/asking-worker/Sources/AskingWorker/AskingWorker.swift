import Foundation
import Tacit

/// A worker that trains only when its owner says so:
/// `AskingWorker IDENTITY TABLE POLICY COORDINATOR`, or `AskingWorker rehearse` for three workers in this process.
@main struct AskingWorker {
  static func main() async throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments == ["rehearse"] { return try await rehearse() }
    guard arguments.count == 4 else {
      print("Usage: AskingWorker IDENTITY TABLE POLICY COORDINATOR, or AskingWorker rehearse")
      return
    }
    let owner = Owner()
    let identity = try NodeIdentity.load(from: arguments[0])
    let policy = try WorkerPolicy.load(from: arguments[2])
    let worker = try Worker(
      identity: identity, rows: .table(path: arguments[1]), policy: policy,
      consent: { await owner.agrees(to: $0) })
    try await WorkerConnection(worker, identity: identity, address: arguments[3], policy: policy).run()
  }

  /// Three workers, one of whose owners refuses first and agrees then.
  static func rehearse() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("asking-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try CSV.write(SyntheticCredit.table(), to: folder + "/applications.csv")
    let text = """
      mode: federated
      model: {layers: [{dense: 8}, relu, {dense: 1}, sigmoid]}
      data: {file: \(folder)/applications.csv, target: A16, test: 0.2}
      training: {batch: 16, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.05}}, seed: 7}
      federated: {workers: 3, rounds: 5, aggregation: masked, transport: memory}
      """
    for answer in ["no", "yes"] {
      let owner = Owner(readAnswer: {
        print(answer)
        return answer
      })
      let trainer = try FederatedTrainer(
        text, folder: folder + "/" + answer,
        consents: ["worker-2": { await owner.agrees(to: $0) }])
      do {
        let report = try await trainer.run().report
        print("Trained for \(report.rounds ?? 0) rounds, after asking \(await owner.asked.count) time(s)")
      } catch {
        print("Not trained: \(error)")
      }
    }
  }
}
