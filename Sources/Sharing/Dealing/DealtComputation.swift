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
    /// Noise of deviation 2^bits, in steps of fixed point.
    package struct Noise: Hashable, Sendable, Codable {
      package var names: [String]
      package var bits: Int

      package init(names: [String], bits: Int) { (self.names, self.bits) = (names, bits) }
    }

    package var graph: Graph
    package var fractionBits: Int
    package var widths: ComparisonWidths
    /// Public values of inputs, by name.
    package var numbers: [String: Float]
    /// Inputs that stay the same for many runs, whose masks are kept; in the order in which they are fixed.
    package var fixed: [String]
    /// Further inputs that an owner outside shares before the first run.
    package var kept: [String]
    /// Shapes of what that owner will be told, once.
    package var keptAnswers: [Shape]
    /// Inputs that an owner outside shares anew for each run, and is answered with the one output.
    package var asked: [String]
    /// Inputs of which every party brings a summand by itself.
    package var own: [String]
    /// Inputs that are noise of the dealer's, new in each run.
    package var noise: Noise?
    /// Whether it is the preparation of other computations: its graph has their inputs alone.
    package var isPreparation = false
    /// What names the session's keys of MACs, where shares have any.
    package var keys: String
    /// Whose computation it is, such as a model's name.
    package var label: String

    package init(
      graph: Graph, fractionBits: Int, widths: ComparisonWidths, numbers: [String: Float] = [:],
      fixed: [String] = [], kept: [String] = [], keptAnswers: [Shape] = [], asked: [String] = [],
      own: [String] = [], noise: Noise? = nil, keys: String = "", label: String
    ) {
      self.graph = graph
      self.fractionBits = fractionBits
      self.widths = widths
      self.numbers = numbers
      self.fixed = fixed
      self.kept = kept
      self.keptAnswers = keptAnswers
      self.asked = asked
      self.own = own
      self.noise = noise
      self.keys = keys
      self.label = label
    }

    /// Inputs that an owner outside shares once for many runs, in its order.
    package var prepared: [String] { fixed + kept }

    package func shape(of input: String) -> Shape { graph.shape(ofInput: input) ?? [0] }

    /// Shapes of what a run yields.
    package var answers: [Shape] { graph.outputs.map { graph.nodes[$0].shape } }
  }

  package let content: Content
  /// What its runs are called at the parties and the dealer.
  package let program: String

  package init(_ content: Content) throws {
    self.content = content
    program = (content.isPreparation ? "fixed " : "run ") + (try Self.digest(content))
  }

  private static func digest(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return Hexadecimal.text(SHA256.hash(data: try encoder.encode(value)))
  }

  /// How what an owner outside has shared for many runs becomes their inputs: dealt for once, as step 0 of its program, and the
  /// same for computations of one label and equal inputs. `nil` where there is nothing to prepare.
  package func preparation() throws -> DealtComputation? {
    guard !content.prepared.isEmpty else { return nil }
    var graph = Graph()
    let nodes = try content.prepared.map { try graph.appendInput($0, content.shape(of: $0)) }
    try graph.setOutputs(nodes)
    var prepared = Content(
      graph: graph, fractionBits: content.fractionBits, widths: .full, fixed: content.fixed, kept: content.kept,
      keptAnswers: content.keptAnswers, keys: content.keys, label: content.label)
    prepared.isPreparation = true
    return try DealtComputation(prepared)
  }

  /// What one run demands; found by rehearsing it on zeros.
  package func rehearsed(partyCount: Int, form: DealtForm) async throws -> DealtProgram {
    switch form {
    case .additive: try await rehearsed(on: AdditiveScheme.self, partyCount: partyCount)
    case .authenticated: try await rehearsed(on: AuthenticatedScheme.self, partyCount: partyCount)
    }
  }

  private func rehearsed<Scheme: DealtScheme>(
    on scheme: Scheme.Type, partyCount: Int
  ) async throws -> DealtProgram {
    try await DealtProgram.rehearsing(program, partyCount: partyCount, on: scheme) { scheme in
      guard !content.isPreparation else {
        _ = try await rehearsePreparation(on: scheme)
        return
      }
      let given = Set(content.prepared + content.asked + content.own + (content.noise?.names ?? []))
      let names = content.graph.inputs.keys.filter { content.numbers[$0] == nil && !given.contains($0) }
      var inputs = Dictionary(
        uniqueKeysWithValues: names.map {
          ($0, scheme.constant(RingTensor(repeating: 0, shape: content.shape(of: $0))))
        })
      if let preparation = try preparation() {
        inputs.merge(try await preparation.rehearsePreparation(on: scheme)) { $1 }
      }
      try scheme.beginStep(of: program, at: 0)
      if !content.asked.isEmpty {
        let admitted = try await scheme.rehearseAdmission(
          of: content.asked.map(content.shape), answers: content.answers)
        inputs.merge(zip(content.asked, admitted.shares)) { $1 }
      }
      let own = content.own.map { ($0, RingTensor(repeating: 0, shape: content.shape(of: $0))) }
      _ = try await run(inputs, own: Dictionary(own, uniquingKeysWith: { $1 }), on: scheme)
    }
  }

  private func rehearsePreparation<Scheme: DealtScheme>(on scheme: Scheme) async throws -> [String: Scheme.Share] {
    try scheme.beginStep(of: program, at: 0)
    let shapes = content.prepared.map(content.shape)
    return try await fixed(try await scheme.rehearseAdmission(of: shapes, answers: content.keptAnswers).shares, scheme)
  }

  /// A preparation by itself: how what an owner outside shares is taken over, none of which has a mask that is kept.
  ///
  /// - Parameters:
  ///   - inputs: what it shares, in its order.
  ///   - answers: shapes of what it will be told, once.
  package static func admission(
    of inputs: [(name: String, shape: Shape)], answers: [Shape], fractionBits: Int, keys: String, label: String
  ) throws -> DealtComputation {
    var graph = Graph()
    let nodes = try inputs.map { try graph.appendInput($0.name, $0.shape) }
    try graph.setOutputs(nodes)
    var content = Content(
      graph: graph, fractionBits: fractionBits, widths: .full, kept: inputs.map(\.name), keptAnswers: answers,
      keys: keys, label: label)
    content.isPreparation = true
    return try DealtComputation(content)
  }

  /// Of a preparation: the inputs as the owner has shared them, those that stay the same under masks that are kept. One round
  /// for these, besides what admitting takes.
  ///
  /// - Parameter step: which run of its program it is; models have one in a session.
  package func prepare<Scheme: DealtScheme>(
    _ piece: Scheme.Piece, on scheme: Scheme, at step: UInt32 = 0
  ) async throws -> (inputs: [String: Scheme.Share], masks: [Scheme.Share]) {
    try scheme.beginStep(of: program, at: step)
    let admitted = try await scheme.admit(piece)
    return (try await fixed(admitted.shares, scheme), admitted.masks)
  }

  private func fixed<Scheme: DealtScheme>(
    _ shares: [Scheme.Share], _ scheme: Scheme
  ) async throws -> [String: Scheme.Share] {
    var inputs = Dictionary(uniqueKeysWithValues: zip(content.prepared, shares))
    guard !content.fixed.isEmpty else { return inputs }
    let fixed = try await scheme.fix(Array(shares.prefix(content.fixed.count)))
    inputs.merge(zip(content.fixed, fixed)) { $1 }
    return inputs
  }

  /// The outputs, within a step that was begun.
  ///
  /// - Parameter numbers: the public numbers of this run, of the same forms as the content's
  ///   (``SecurePlan/form(of:fractionBits:)``); the content's where none are given.
  /// - Parameter own: what this party brings by itself.
  package func run<Scheme: DealtScheme>(
    _ inputs: [String: Scheme.Share], numbers: [String: Float]? = nil, own: [String: RingTensor] = [:],
    on scheme: Scheme
  ) async throws -> [Scheme.Share] {
    var inputs = inputs
    if let noise = content.noise {
      let shares = try await scheme.noise(of: noise.names.map(content.shape), bits: noise.bits)
      inputs.merge(zip(noise.names, shares)) { $1 }
    }
    return try await SecureEngine(scheme, fractionBits: content.fractionBits, widths: content.widths).run(
      content.graph, inputs: inputs, numbers: numbers ?? content.numbers, own: own,
      noise: Set(content.noise?.names ?? []))
  }

  /// What this party answers the owner of the inputs that are asked, within a step that was begun.
  ///
  /// - Parameter prepared: the other inputs.
  package func answer<Scheme: DealtScheme>(
    _ piece: Scheme.Piece, _ prepared: [String: Scheme.Share], on scheme: Scheme
  ) async throws -> RingTensor {
    let admitted = try await scheme.admit(piece)
    let outputs = try await run(prepared.merging(zip(content.asked, admitted.shares)) { $1 }, on: scheme)
    return try await scheme.release(outputs[0], under: admitted.masks.first)
  }
}
