import Graphs
import Sharing
import Tensors
import TestSupport
import Testing

/// Runs a graph in the clear, on clear ring words and on shares, and compares: values within the derived bound, traffic
/// with what the metered scheme foretells. Returns the replicated scheme's traffic.
@discardableResult
func checkGraph(
  _ graph: Graph, inputs: [String: Tensor<Float>], fractionBits: Int = 16, widths: ComparisonWidths = .full,
  additiveParties: [Int] = [], inFewRounds: Bool = false, blockCount: Int = BlockSize.standard,
  sourceLocation: SourceLocation = #_sourceLocation
) async throws -> Cost {
  var watched = graph
  try watched.setOutputs(Array(graph.nodes.indices))
  let values = try PlainEngine().run(watched, inputs: inputs)
  let bound = ErrorBound(graph: graph, values: values, fractionBits: fractionBits)

  let names = graph.inputs.keys.sorted()
  let encoded = try names.map {
    try inputs[$0, default: Tensor(repeating: 0, shape: [])].encoded(fractionBits: fractionBits).ring
  }
  func compare(_ results: [RingTensor], _ scheme: String) {
    for (output, result) in zip(graph.outputs, results) where bound.errors[output].isFinite {
      #expect(result.shape == graph.nodes[output].shape, sourceLocation: sourceLocation)
      // What floats lose themselves is far below the fixed-point error.
      let exact = values[output].scalars
      let tolerance = bound.errors[output] + 1e-5 * Double(exact.reduce(1) { max($0, abs($1)) })
      let worst = zip(exact, result.reals(fractionBits: fractionBits)).map { abs(Double($0) - $1) }.max() ?? 0
      #expect(
        worst <= tolerance, "\(scheme): node \(output), \(graph.nodes[output].operation.name)",
        sourceLocation: sourceLocation)
    }
  }
  let clear = try await ClearHarness().evaluate(encoded) { scheme, shares in
    try await SecureEngine(scheme, fractionBits: fractionBits, widths: widths, blockCount: blockCount)
      .run(graph, inputs: Dictionary(uniqueKeysWithValues: zip(names, shares)))
  }
  compare(clear.values, "clear")
  func replicated(_ optimise: ReplicatedOptions.Optimisation) async throws -> Cost {
    let options = ReplicatedOptions(optimise: optimise)
    let secret = try await ReplicatedHarness(options: options).evaluate(encoded) { scheme, shares in
      try await SecureEngine(scheme, fractionBits: fractionBits, widths: widths, blockCount: blockCount)
        .run(graph, inputs: Dictionary(uniqueKeysWithValues: zip(names, shares)))
    }
    compare(secret.values, "replicated, fewer \(optimise)")
    let metered = MeteredScheme(ReplicatedCosts(options))
    let shapes = graph.inputs.mapValues { metered.share(of: graph.nodes[$0].shape) }
    _ = try await SecureEngine(metered, fractionBits: fractionBits, widths: widths, blockCount: blockCount).run(
      graph, inputs: shapes)
    #expect(metered.traffic == secret.traffic, sourceLocation: sourceLocation)
    return secret.traffic
  }
  let traffic = try await replicated(.bytes)
  if inFewRounds { _ = try await replicated(.rounds) }

  for partyCount in additiveParties {
    let foretold = try await AdditiveHarness(partyCount: partyCount).evaluate(encoded) { scheme, shares in
      let fixed = try await scheme.fix(shares)
      let before = scheme.traffic
      let mixed = zip(fixed, shares).enumerated().map { $0 % 2 == 0 ? $1.0 : $1.1 }
      let outputs = try await SecureEngine(scheme, fractionBits: fractionBits, widths: widths, blockCount: blockCount)
        .run(graph, inputs: Dictionary(uniqueKeysWithValues: zip(names, mixed)))
      let metered = MeteredScheme(AdditiveCosts(partyCount: partyCount))
      let shapes = names.enumerated().map { index, name in
        (name, metered.share(of: graph.shape(ofInput: name) ?? [], isFixed: index % 2 == 0))
      }
      _ = try await SecureEngine(metered, fractionBits: fractionBits, widths: widths, blockCount: blockCount)
        .run(graph, inputs: Dictionary(uniqueKeysWithValues: shapes))
      let spent = scheme.traffic - before
      let dealt = scheme.party == partyCount - 1 ? metered.traffic.dealtByteCount : 0
      #expect(
        spent
          == Cost(
            rounds: metered.traffic.rounds, byteCount: metered.traffic.byteCount / partyCount, dealtByteCount: dealt),
        sourceLocation: sourceLocation)
      return outputs
    }
    compare(foretold.values, "additive, \(partyCount) parties")
  }

  return traffic
}
