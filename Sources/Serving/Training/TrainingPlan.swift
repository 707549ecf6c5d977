import Graphs
package import Sharing
import Tensors

/// What a training will send, found without running it.
package enum TrainingPlan {
  /// Rows that travel in one parcel.
  static let rowsPerBlock = 1024

  /// The cost of the whole: rows and weights shared, every step, and what is revealed.
  ///
  /// - Parameters:
  ///   - rowCounts: rows of each owner.
  ///   - testRowCounts: likewise, of the rows that the model is judged on.
  package static func cost(
    of program: TrainingProgram, rowCounts: [Int], testRowCounts: [Int]
  ) async throws -> Cost {
    let costs = ReplicatedCosts(program.options)
    var total = costs.starting
    for part in RowPart.allCases where program.rowWidth(of: part) > 0 {
      for count in part == .training ? rowCounts : testRowCounts {
        for block in blocks(of: count) {
          total = total + costs.sharing(counts: [block.count * program.rowWidth(of: part)])
        }
      }
    }
    total = total + costs.sharing(counts: program.weightNames.map { program.shape(of: $0).count })
    var known: [StepKind: Cost] = [:]
    for step in 0..<program.stepCount {
      let numbers = program.numbers(of: step)
      let kind = StepKind(
        size: program.size(of: step),
        forms: numbers.mapValues { SecurePlan.form(of: $0, fractionBits: program.fractionBits) })
      if known[kind] == nil { known[kind] = try await cost(of: program.graph(of: step), numbers, in: program) }
      total = total + (known[kind] ?? .none)
    }
    if program.revealsLoss {
      for _ in 0..<program.epochs { total = total + costs.revealing(counts: [1]) }
    }
    if let judging = program.judging {
      for (index, step) in judging.steps.enumerated() {
        let times = index == 0 ? judging.rowCount / judging.batch : 1
        let once = try await cost(of: step.graph, [:], in: program)
        for _ in 0..<times { total = total + once }
      }
    }
    if program.revealedCount > 0 { total = total + costs.revealing(counts: [program.revealedCount]) }
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

  private static func cost(
    of graph: Graph, _ numbers: [String: Float], in program: TrainingProgram
  ) async throws -> Cost {
    let scheme = MeteredScheme(ReplicatedCosts(program.options))
    let engine = SecureEngine(
      scheme, fractionBits: program.fractionBits, comparisonWidth: program.comparisonWidth)
    let inputs = graph.inputs.filter { numbers[$0.key] == nil }
    _ = try await engine.run(
      graph, inputs: inputs.mapValues { scheme.share(of: graph.nodes[$0].shape) }, numbers: numbers)
    return scheme.traffic
  }
}
