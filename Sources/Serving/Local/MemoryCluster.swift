import Foundation
import Graphs
public import ModelFiles
public import Sharing
public import Tensors
import Transports

/// Three parties as tasks of this process over memory channels: the same protocols and traffic, no network.
///
/// Nothing is hidden from this process; for trying and measuring.
public enum MemoryCluster {
  /// Predicts once, after a warm-up.
  ///
  /// - Parameters:
  ///   - input: examples, as the model takes them: `[rows] + exampleShape`.
  ///   - fractionBits: bits behind the point of weights, inputs and results, 10...24.
  ///   - options: what the parties are to spend less of, and how they truncate.
  /// - Throws: ``SharingError`` for a model or examples that shares cannot hold.
  public static func predict(
    _ model: ModelFile, _ input: Tensor<Float>, fractionBits: Int = 16,
    options: ReplicatedOptions = ReplicatedOptions()
  ) async throws -> Prediction {
    try await predict(model, input, fractionBits: fractionBits, repeats: 1, options: options)[0]
  }

  /// Predicts `repeats` times after a warm-up; results in order, the warm-up left out.
  public static func predict(
    _ model: ModelFile, _ input: Tensor<Float>, fractionBits: Int, repeats: Int,
    deadline: Duration = .seconds(60), options: ReplicatedOptions = ReplicatedOptions()
  ) async throws -> [Prediction] {
    let description = try SharedModel.Description(model, fractionBits: fractionBits, options: options)
    try model.inputRange?.check(input)
    try description.validate()
    let weights = try SecretInput.encode(
      weights: description.weightNames, of: model.weights, fractionBits: fractionBits)
    let words = try SecretInput.encode(input, named: "the input", fractionBits: fractionBits)
    let outputShape = try SecretOutput.shape(of: model, batch: input.shape[0])
    let modelParcels = ClusterScheme.replicated.parcels(of: weights)
    let inputParcels = (0...repeats).map { _ in ClusterScheme.replicated.parcels(of: [words]) }
    let channels = MemoryMesh.channels(partyCount: 3, deadline: deadline)
    let batch = input.shape[0]
    let answers = try await withThrowingTaskGroup(of: (Int, [QueryAnswer]).self) { group in
      for channel in channels {
        let party = channel.party
        group.addTask {
          do {
            let weights = try ClusterScheme.replicated.unpack(
              modelParcels[party].bytes[...], party: party, shapes: weights.map(\.shape))
            let model = SharedModel(name: "", key: "", description: description, weights: weights)
            let runner = try await ReplicatedRunner(over: channel, session: "memory")
            var answers: [QueryAnswer] = []
            for parcels in inputParcels {
              let input = try ClusterScheme.replicated.unpack(
                parcels[party].bytes[...], party: party, shapes: [words.shape])
              let query = PendingQuery(
                id: "", client: CallerID(fingerprint: "", name: ""), model: model, input: input, batch: batch)
              answers += try await runner.run([query]) { _ in }
            }
            return (party, answers)
          } catch {
            await channel.close()
            throw error
          }
        }
      }
      var all = [[QueryAnswer]](repeating: [], count: 3)
      for try await (party, answers) in group { all[party] = answers }
      return all
    }
    return (1...max(repeats, 1)).map { index in
      let parts = answers.map { $0[min(index, $0.count - 1)] }
      let total = parts.map(\.summand).reduce(RingTensor(repeating: 0, shape: outputShape)) {
        $0 + $1.reshaped(to: outputShape)
      }
      let sent = inputParcels[index].reduce(0) { $0 + $1.payloadByteCount } + 24 * outputShape.count
      let seconds = parts.map(\.seconds).max() ?? 0
      return Prediction(
        output: FixedTensor(ring: total, fractionBits: fractionBits).decoded(), seconds: seconds,
        partySeconds: seconds,
        traffic: Cost(
          rounds: (parts.map(\.traffic.rounds).max() ?? 0) + 2,
          byteCount: parts.reduce(sent) { $0 + $1.traffic.byteCount }))
    }
  }
}

/// Shapes of answers.
public enum SecretOutput {
  /// The shape of the model's output for a batch.
  public static func shape(of model: ModelFile, batch: Int) throws -> Shape {
    let graph = try model.graph(batch: batch)
    return graph.nodes[graph.outputs[0]].shape
  }
}
