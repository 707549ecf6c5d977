import Graphs
package import Sharing
import Tensors

/// What a training will send, found without running it.
package enum TrainingPlan {
  /// Rows that travel in one parcel.
  static let rowsPerBlock = 1024

  /// The cost of the whole: rows and weights shared, every step, and what is revealed.
  ///
  /// - Parameter rowCounts: rows of each owner.
  package static func cost(of program: TrainingProgram, rowCounts: [Int]) async throws -> Cost {
    let costs = ReplicatedCosts(program.options)
    var total = costs.starting
    let width = program.rowWidths.features + program.rowWidths.targets
    for count in rowCounts {
      for block in blocks(of: count) { total = total + costs.sharing(counts: [block.count * width]) }
    }
    total = total + costs.sharing(counts: program.weightNames.map { program.shape(of: $0).count })
    var known: [StepKind: Cost] = [:]
    for step in 0..<program.stepCount {
      let numbers = program.numbers(of: step)
      let kind = StepKind(
        size: program.size(of: step),
        forms: numbers.mapValues { SecurePlan.form(of: $0, fractionBits: program.fractionBits) })
      if known[kind] == nil { known[kind] = try await Self.cost(ofStep: step, in: program) }
      total = total + (known[kind] ?? .none)
    }
    if program.revealsLoss {
      for _ in 0..<program.epochs { total = total + costs.revealing(counts: [1]) }
    }
    if program.revealsModel {
      total = total + costs.revealing(counts: program.weightNames.map { program.shape(of: $0).count })
    }
    return total
  }

  /// The ranges of rows that travel together.
  static func blocks(of count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: rowsPerBlock).map { $0..<min($0 + rowsPerBlock, count) }
  }

  /// Steps that cost the same: as many rows, and public numbers of the same fixed-point form.
  private struct StepKind: Hashable {
    let size: Int
    let forms: [String: Int]
  }

  private static func cost(ofStep step: Int, in program: TrainingProgram) async throws -> Cost {
    let scheme = MeteredScheme(ReplicatedCosts(program.options))
    let engine = SecureEngine(
      scheme, fractionBits: program.fractionBits, comparisonWidth: program.comparisonWidth)
    let graph = program.graph(of: step)
    let numbers = program.numbers(of: step)
    let inputs = graph.inputs.filter { numbers[$0.key] == nil }
    _ = try await engine.run(
      graph, inputs: inputs.mapValues { scheme.share(of: graph.nodes[$0].shape) }, numbers: numbers)
    return scheme.traffic
  }
}
