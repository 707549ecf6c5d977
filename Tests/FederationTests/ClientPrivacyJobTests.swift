import Learning
import Privacy
import Testing

/// Jobs with `privacy: {unit: client}`.
@Suite struct ClientPrivacyJobTests {
  private func job(_ federated: String, _ privacy: String, layers: String = "[{dense: 2}, softmax]") throws -> Job {
    try Job.parse(
      """
      model: {layers: \(layers)}
      data: {set: mnist}
      training: {batch: 8, loss: softmaxCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}, seed: 5}
      mode: federated
      federated: {workers: 10, \(federated)}
      privacy: {\(privacy)}
      """)
  }

  private static let plain = "unit: client, clip: 1.0, targetEpsilon: 4, delta: 1e-5"

  @Test(arguments: [
    ("aggregation: open", plain), ("aggregation: masked", plain), ("aggregation: shared", plain),
    ("aggregation: open, strategy: {fedAdam: {learningRate: 0.1}}", plain),
    (
      "aggregation: open",
      "unit: client, clip: {adaptive: {norm: 0.5}}, noiseMultiplier: 1, delta: 1e-3, accountant: rdp"
    ),
  ])
  func isRead(federated: String, privacy: String) throws {
    let job = try job(federated, privacy)
    #expect(job.hidesClients && job.privacy?.unit == .client)
    // Of the workers' own noise Rényi divergences alone are known.
    let isHidden = job.federated?.aggregation.hidesUpdates == true
    #expect(job.privacy?.accountant == (isHidden || privacy.contains("rdp") ? .rdp : .pld))
    _ = try ClientPrivacy(job, weightCount: 100)
  }

  @Test(arguments: [
    ("aggregation: open, strategy: scaffold", plain, "goes with fedAvg, fedProx, fedAdam, fedYogi, fedAdagrad"),
    ("aggregation: open, strategy: median", plain, "uses more of the updates than their noised average"),
    ("aggregation: open, asynchronous: 3", plain, "federated.asynchronous"),
    ("aggregation: open, compression: {quantize: 8}", plain, "federated.compression"),
    ("aggregation: paillier", plain, "goes with open, masked and shared"),
    ("aggregation: masked", plain + ", accountant: pld", "accountant must be rdp"),
    ("aggregation: open", "unit: example, clip: 1, targetEpsilon: 4, delta: 1e-5", "goes with mode: federated"),
    ("aggregation: open", "unit: client, clip: {perLayer: 1}, targetEpsilon: 4, delta: 1e-5", "perLayer"),
    ("aggregation: open", plain + ", sampler: fast", "privacy.sampler"),
    ("aggregation: open", "unit: client, clip: 1, targetEpsilon: 4", "privacy.delta"),
  ])
  func isRefused(federated: String, privacy: String, reason: String) {
    let error = #expect(throws: JobError.self) { _ = try job(federated, privacy) }
    #expect(error.map { "\($0)" }?.contains(reason) == true, "\(error.map { "\($0)" } ?? "")")
  }

  @Test func runningStatisticsAreRefused() {
    let error = #expect(throws: JobError.self) {
      _ = try job("aggregation: open", Self.plain, layers: "[{dense: 4}, batchNorm, {dense: 2}, softmax]")
    }
    #expect(error.map { "\($0)" }?.contains("layerNorm") == true)
  }

  @Test func nothingIsToldOfRows() throws {
    let open = try job("aggregation: open", Self.plain)
    #expect(open.disclosure.first?.learns.contains("clipped update") == true)
    #expect(try open.declaredPreprocessing() == nil)
    let masked = try job("aggregation: masked", Self.plain)
    #expect(masked.disclosure.allSatisfy { !$0.learns.contains("figures of each round") })
  }
}
