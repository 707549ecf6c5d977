import Graphs
import Sharing
import Tensors

extension TrainingProgram {
  /// How the model is judged in the end, on test rows that the parties hold in shares too. Each graph's one output is a
  /// sum over its batch; the sum over all rows is revealed to the client.
  package struct Judging: Codable, Sendable, Hashable {
    package var steps: [Step]
    package var rowCount: Int
    /// The extent of a row's target.
    package var targetWidth: Int

    var batch: Int { steps[0].batch }
    var stepCount: Int { (rowCount + batch - 1) / batch }
    func rows(of step: Int) -> Range<Int> { step * batch..<min((step + 1) * batch, rowCount) }

    func graph(of step: Int) -> Graph {
      (steps.first { $0.batch == rows(of: step).count } ?? steps[0]).graph
    }
  }
}

extension TrainingProgram.Judging {
  func validate(_ program: TrainingProgram) throws {
    func require(_ condition: Bool, _ what: String) throws {
      if !condition { throw ServingError.badRequest("the judging of the training program \(what)") }
    }
    try require((1...2).contains(steps.count), "has \(steps.count) batch sizes and not one or two")
    try require((1...1 << 30).contains(rowCount) && targetWidth == 1, "has no rows")
    try require(steps.allSatisfy { (1...rowCount).contains($0.batch) }, "has a batch that its rows do not fill")
    let rest = rowCount % batch
    try require(rest == 0 ? steps.count == 1 : steps.last?.batch == rest, "has no step for its last rows")
    let given = Set([program.featureName, program.targetName] + program.weightNames)
    for step in steps {
      let graph = step.graph
      try require(Set(graph.inputs.keys).isSubset(of: given), "has inputs that nobody gives")
      try require(
        graph.shape(ofInput: program.featureName)?.count == step.batch * program.rowWidths.features
          && graph.shape(ofInput: program.targetName)?.count == step.batch * targetWidth,
        "does not take batches of features and targets")
      try require(
        program.weightNames.allSatisfy { name in
          graph.shape(ofInput: name).map { $0 == program.shape(of: name) } ?? true
        },
        "has other weights")
      try require(graph.outputs.map { graph.nodes[$0].shape } == [.scalar], "does not yield one sum")
      try require(
        graph.runCount <= SharedModel.Description.largestRun, "takes too much memory")
      try SecureEngine<ReplicatedScheme>.checkAvailability(of: graph)
    }
  }
}
