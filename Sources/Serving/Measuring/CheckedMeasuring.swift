import Sharing
import Tensors
import Transports

/// A session of three replicated parties whose products are checked: at the end of each run, within its time.
struct CheckedMeasuring: MeasuringSession {
  let channel: any Channel
  let scheme: CheckedScheme
  var costs: any CostModel { CheckedCosts() }
  var traffic: Cost { scheme.traffic }
  var offlineSeconds: Double { 0 }

  static func start(over channel: any Channel) async throws -> CheckedMeasuring {
    CheckedMeasuring(channel: channel, scheme: try await CheckedScheme.start(over: channel, session: "bench"))
  }

  func begin(_ program: WorkloadProgram) async throws -> [String: CheckedShare] {
    let pieces = try await ReplicatedMeasuring.share(program, over: channel)
    return Dictionary(uniqueKeysWithValues: zip(program.names, try await scheme.admit(pieces)))
  }

  func expect(runs: Int) {}

  func beginRun() throws { try scheme.beginStep() }

  func endRun() async throws { try await scheme.check() }

  func open(_ outputs: [CheckedShare]) async throws -> [RingTensor] { try await scheme.open(outputs) }
}
