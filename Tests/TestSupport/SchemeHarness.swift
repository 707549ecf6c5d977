public import Sharing
public import Tensors

/// Runs one program on a scheme with all its parties: inputs are shared before, outputs opened after.
public protocol SchemeHarness: Sendable {
  associatedtype Scheme: SharingScheme

  /// The opened outputs, and what the program spent between sharing and opening, all parties together.
  func evaluate(
    _ inputs: [RingTensor],
    _ program: @escaping @Sendable (Scheme, [Scheme.Share]) async throws -> [Scheme.Share]
  ) async throws -> (values: [RingTensor], traffic: Cost)
}

/// What all parties came to, and what they spent together.
func agreed(_ results: [(values: [RingTensor], spent: Cost)]) throws -> (values: [RingTensor], traffic: Cost) {
  guard results.allSatisfy({ $0.values == results[0].values && $0.spent.rounds == results[0].spent.rounds }) else {
    throw DisagreementError()
  }
  var total = results.reduce(Cost.none) { $0 + $1.spent }
  total.rounds = results[0].spent.rounds
  return (results[0].values, total)
}

/// The oracle: one party that sees everything and sends nothing.
public struct ClearHarness: SchemeHarness {
  public init() {}

  public func evaluate(
    _ inputs: [RingTensor],
    _ program: @escaping @Sendable (ClearScheme, [ClearScheme.Share]) async throws -> [ClearScheme.Share]
  ) async throws -> (values: [RingTensor], traffic: Cost) {
    let scheme = ClearScheme()
    return (try await scheme.open(try await program(scheme, inputs.map(scheme.constant))), .none)
  }
}

/// Three parties over memory channels.
public struct ReplicatedHarness: SchemeHarness {
  public let form: ShareForm
  public let options: ReplicatedOptions

  public init(form: ShareForm = .uniform, options: ReplicatedOptions = ReplicatedOptions()) {
    self.form = form
    self.options = options
  }

  public func evaluate(
    _ inputs: [RingTensor],
    _ program: @escaping @Sendable (ReplicatedScheme, [ReplicatedShare]) async throws -> [ReplicatedShare]
  ) async throws -> (values: [RingTensor], traffic: Cost) {
    try await evaluateReplicated(inputs, form: form, options: options, program)
  }
}
