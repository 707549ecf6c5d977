public import Transports

/// All that one run of a program demands of a dealer, operation by operation: public, and the same for every run.
public struct DealtProgram: Hashable, Sendable, Codable {
  /// What runs of it are called at the parties, see ``AdditiveScheme/beginStep(of:at:)``.
  public let name: String
  let operations: [Operation]

  struct Operation: Hashable, Sendable, Codable {
    var number: UInt32
    var demand: Demand
  }

  /// Bytes for the last party and one run.
  public func byteCount(partyCount: Int, form: DealtForm = .additive) -> Int {
    operations.reduce(0) { $0 + $1.demand.correctionByteCount(partyCount: partyCount, form: form) }
  }

  /// What is demanded at a place of its runs; `nil` where nothing is.
  func demand(at place: DealtPlace) -> Demand? {
    guard place.program == name else { return nil }
    return operations.first { $0.number == place.operation }?.demand.moved(to: place.step, of: name)
  }

  /// Finds out what a program demands by rehearsing it alone, on zeros.
  ///
  /// - Parameter body: runs the program on the scheme it is given, beginning with the step that is to be recorded; steps
  ///   before are begun by the body too.
  package static func rehearsing<Scheme: DealtScheme>(
    _ name: String, partyCount: Int, on scheme: Scheme.Type,
    _ body: (Scheme) async throws -> Void
  ) async throws -> DealtProgram {
    let channel = RehearsalChannel(partyCount: partyCount)
    let source = RehearsalSource(partyCount: partyCount, form: Scheme.form)
    try await body(try await Scheme.start(over: channel, source: source, session: "rehearsal", keys: ""))
    return DealtProgram(name: name, operations: source.operations(of: name))
  }
}

extension Dealer {
  /// The corrections of one run, one after the other.
  ///
  /// - Parameter keys: what names the keys of MACs, where there are any.
  public func ticket(for program: DealtProgram, step: UInt32, keys: String = "") -> Message {
    var message = Message()
    message.reserveCapacity(program.byteCount(partyCount: partyCount, form: form))
    for operation in program.operations {
      message += corrections(
        for: operation.demand.moved(to: step, of: program.name),
        at: DealtPlace(program: program.name, step: step, operation: operation.number), keys: keys)
    }
    return message
  }
}

extension Demand {
  /// The same demand in another run of its program: masks that were drawn earlier in the run are those of that run.
  fileprivate func moved(to step: UInt32, of program: String) -> Demand {
    func moved(_ mask: DealtMask?) -> DealtMask? {
      guard var mask, mask.place.program == program else { return mask }
      mask.place.step = step
      return mask
    }
    switch self {
    case .products(let operands, let products):
      return .products(
        operands: operands.map { Operand(count: $0.count, mask: moved($0.mask)) }, products: products)
    case .selection(let count, let mask): return .selection(count: count, mask: moved(mask))
    case .masks, .truncation, .comparison, .conversion, .decomposition, .conjunction, .shuffle, .inputs, .noise:
      return self
    }
  }
}
