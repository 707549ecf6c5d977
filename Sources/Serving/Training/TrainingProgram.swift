package import Graphs
package import Sharing
package import Tensors

/// What the parties do to train a model on rows that they hold in shares. All of it is public.
package struct TrainingProgram: Codable, Sendable, Hashable {
  /// The optimizer step of one batch size. Outputs: the loss where there is one, the next weights, the next state.
  package struct Step: Codable, Sendable, Hashable {
    package var batch: Int
    package var graph: Graph
  }

  /// A dropout mask: zeros with probability `rate`, else `1 / (1 − rate)`. Masks are public.
  package struct Mask: Codable, Sendable, Hashable {
    package var name: String
    package var rate: Double
  }

  /// Noise that is added to the sums of clipped gradients: by every party, every pair of parties, or the dealer.
  package struct Noise: Codable, Sendable, Hashable {
    /// The inputs that it comes in, each with its own.
    package var names: [String]
    /// Of one of them it has a deviation of 2 to this power, in steps of fixed point.
    package var bits: Int
  }

  /// The whole batches' step and, where the rows leave a rest, the last one's.
  package var steps: [Step]
  package var featureName: String
  package var targetName: String
  package var weightNames: [String]
  /// What the optimizer remembers; all zero at first.
  package var stateNames: [String]
  package var masks: [Mask]
  /// Of a training that is private in each row.
  package var noise: Noise?
  /// Whether the first output is a loss, whose sum over each epoch is revealed to the client.
  package var revealsLoss: Bool
  /// Whether the client gets the weights in the end.
  package var revealsModel: Bool
  package var rowCount: Int
  package var epochs: Int
  /// Of shuffles and masks, which are public.
  package var seed: UInt64
  /// Public numbers of each step, by the name of their input.
  package var numbers: [String: [Float]]
  package var fractionBits: Int
  package var comparisonWidth: Int
  /// Which protocols the parties use.
  package var options: ReplicatedOptions
  /// Steps between two checkpoints; 0 for none.
  package var checkpointEvery: Int
  /// How the model is judged, if it is.
  package var judging: Judging?

  /// Batches of an epoch.
  package var stepsPerEpoch: Int { (rowCount + batch - 1) / batch }
  package var stepCount: Int { epochs * stepsPerEpoch }
  package var batch: Int { steps[0].batch }
  package var valueNames: [String] { weightNames + stateNames }

  /// The step, from 0, and its place in its epoch.
  func place(of step: Int) -> (epoch: Int, batch: Int) { (step / stepsPerEpoch, step % stepsPerEpoch) }

  /// How many rows the step is on.
  package func size(of step: Int) -> Int { min(batch, rowCount - place(of: step).batch * batch) }

  func graph(of step: Int) -> Graph {
    let size = size(of: step)
    return (steps.first { $0.batch == size } ?? steps[0]).graph
  }

  func numbers(of step: Int) -> [String: Float] { numbers.mapValues { $0[step] } }

  /// Scalars that the client learns in the end: weights, then the figure of the judging.
  package var revealedCount: Int {
    (revealsModel ? weightNames.reduce(0) { $0 + shape(of: $1).count } : 0) + (judging == nil ? 0 : 1)
  }

  /// The shape of a weight or of a part of the state.
  package func shape(of name: String) -> Shape { steps[0].graph.shape(ofInput: name) ?? [] }

  /// The scalars of one row's features and of its targets.
  var rowWidths: (features: Int, targets: Int) {
    func width(_ name: String) -> Int { (steps[0].graph.shape(ofInput: name)?.count ?? 0) / batch }
    return (width(featureName), width(targetName))
  }

  /// - Throws: ``ServingError/badRequest(_:)`` for what no client of ours sends.
  package func validate() throws {
    func require(_ condition: Bool, _ what: String) throws {
      if !condition { throw ServingError.badRequest("the training program \(what)") }
    }
    let largest = SharedModel.Description.largestInput
    try require((1...2).contains(steps.count), "has \(steps.count) batch sizes and not one or two")
    try require((10...24).contains(fractionBits), "has \(fractionBits) fraction bits, which are not among 10...24")
    try require((2...64).contains(comparisonWidth), "compares on \(comparisonWidth) bits, which are not among 2...64")
    try require(options.truncation == .safe, "truncates fast, which no plan of a training vouches for")
    try require((1...1 << 30).contains(rowCount) && (1...1 << 20).contains(epochs), "has no rows or epochs")
    try require(steps.allSatisfy { (1...rowCount).contains($0.batch) }, "has a batch that its rows do not fill")
    let rest = rowCount % batch
    try require(rest == 0 ? steps.count == 1 : steps.last?.batch == rest, "has no step for its last rows")
    try require(stepCount <= 1 << 24 && checkpointEvery >= 0, "has more than 2^24 steps")
    try require(numbers.values.allSatisfy { $0.count == stepCount }, "lacks numbers for some steps")
    try require(masks.allSatisfy { $0.rate >= 0 && $0.rate < 1 }, "has a dropout rate outside of 0..<1")
    try require((noise?.bits).map { (4...26).contains($0) } ?? true, "has noise whose deviation is not in 2^4...2^26")
    try require(noise == nil || !revealsLoss, "reveals a loss that no noise hides")
    try require(Set(noise?.names ?? []).count == noise?.names.count ?? 0, "has noise of one name twice")
    let given = Set([featureName, targetName] + valueNames + masks.map(\.name) + numbers.keys + (noise?.names ?? []))
    for step in steps {
      let graph = step.graph
      try require(Set(graph.inputs.keys).isSubset(of: given), "has inputs that nobody gives")
      try require(
        [featureName, targetName].allSatisfy { graph.shape(ofInput: $0)?.extents.first == step.batch },
        "does not take batches of features and targets")
      let shapes = graph.outputs.map { graph.nodes[$0].shape }
      let wanted = (revealsLoss ? [Shape.scalar] : []) + valueNames.map { shape(of: $0) }
      try require(shapes == wanted, "does not yield its weights and state")
      try require(
        graph.runCount <= SharedModel.Description.largestRun, "takes too much memory")
      try SecureEngine<ReplicatedScheme>.checkAvailability(of: graph)
    }
    try require(valueNames.reduce(0) { $0 + shape(of: $1).count } <= largest, "has too many weights")
    let names = numbers.keys.filter { !shape(of: $0).extents.isEmpty }
    try require(names.isEmpty, "has public numbers that are no scalars")
    try judging?.validate(self)
  }
}
