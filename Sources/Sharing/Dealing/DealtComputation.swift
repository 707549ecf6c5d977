import Arithmetic
import Crypto
import Foundation
package import Graphs
package import Tensors

/// A computation whose correlated randomness can be dealt ahead. All of it is public.
///
/// Its names are digests of all that it says, so one name never means two demands.
package struct DealtComputation: Sendable {
  /// What a dealer has to know.
  package struct Content: Hashable, Sendable, Codable {
    package var graph: Graph
    package var fractionBits: Int
    package var widths: ComparisonWidths
    /// Public values of inputs, by name.
    package var numbers: [String: Float]
    /// Inputs that stay the same for many runs, whose masks are kept; in the order in which they are fixed.
    package var fixed: [String]
    /// Inputs of which every party brings a summand by itself.
    package var own: [String]
    /// Whose computation it is, such as a model's name.
    package var label: String

    package init(
      graph: Graph, fractionBits: Int, widths: ComparisonWidths, numbers: [String: Float] = [:],
      fixed: [String] = [], own: [String] = [], label: String
    ) {
      self.graph = graph
      self.fractionBits = fractionBits
      self.widths = widths
      self.numbers = numbers
      self.fixed = fixed
      self.own = own
      self.label = label
    }
  }

  package let content: Content
  /// What its runs are called at the parties and the dealer.
  package let program: String
  /// What the masks of the fixed inputs are called; computations of one label and equal fixed inputs share them.
  package let fixedProgram: String

  package init(_ content: Content) throws {
    self.content = content
    program = "run " + (try Self.digest(content))
    fixedProgram =
      "fixed " + (try Self.digest([content.label] + content.fixed.map { "\($0) \(content.shape(of: $0))" }))
  }

  private static func digest(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return Hexadecimal.text(SHA256.hash(data: try encoder.encode(value)))
  }

  /// What one run demands; found by rehearsing it on zeros.
  package func rehearsed(partyCount: Int) async throws -> DealtProgram {
    try await DealtProgram.rehearsing(program, partyCount: partyCount) { scheme in
      let names = content.graph.inputs.keys.filter { content.numbers[$0] == nil && !content.own.contains($0) }
      var inputs = Dictionary(
        uniqueKeysWithValues: names.map {
          ($0, scheme.constant(RingTensor(repeating: 0, shape: content.shape(of: $0))))
        })
      inputs.merge(try await fix(inputs, on: scheme)) { $1 }
      try scheme.beginStep(of: program, at: 0)
      let own = content.own.map { ($0, RingTensor(repeating: 0, shape: content.shape(of: $0))) }
      _ = try await run(inputs, own: Dictionary(own, uniquingKeysWith: { $1 }), on: scheme)
    }
  }

  /// The fixed inputs among `inputs`, with masks that are kept: once in a session. One round.
  package func fix(
    _ inputs: [String: AdditiveShare], on scheme: AdditiveScheme
  ) async throws -> [String: AdditiveShare] {
    guard !content.fixed.isEmpty else { return [:] }
    try scheme.beginStep(of: fixedProgram, at: 0)
    let fixed = try await scheme.fix(content.fixed.compactMap { inputs[$0] })
    return Dictionary(uniqueKeysWithValues: zip(content.fixed, fixed))
  }

  /// The outputs, within a step that was begun.
  ///
  /// - Parameter numbers: the public numbers of this run, of the same forms as the content's
  ///   (``SecurePlan/form(of:fractionBits:)``); the content's where none are given.
  /// - Parameter own: what this party brings by itself.
  package func run(
    _ inputs: [String: AdditiveShare], numbers: [String: Float]? = nil, own: [String: RingTensor] = [:],
    on scheme: AdditiveScheme
  ) async throws -> [AdditiveShare] {
    try await SecureEngine(scheme, fractionBits: content.fractionBits, widths: content.widths)
      .run(content.graph, inputs: inputs, numbers: numbers ?? content.numbers, own: own)
  }
}

extension DealtComputation.Content {
  fileprivate func shape(of input: String) -> Shape { graph.shape(ofInput: input) ?? [0] }
}
