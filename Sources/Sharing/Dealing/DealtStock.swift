import NIOConcurrencyHelpers
public import Transports

/// The last party's corrections for runs to come, made ahead: a ticket for each run, used once.
///
/// At other parties it holds their key alone.
public final class DealtStock: CorrelationSource {
  private struct State {
    /// Tickets by program and run.
    var tickets: [String: [UInt32: Message]] = [:]
    /// What is left of the ticket of the run that goes on.
    var current: (program: String, step: UInt32, rest: ArraySlice<UInt8>)?
  }

  private let ownKey: [UInt8]
  private let partyCount: Int
  private let form: DealtForm
  private let state = NIOLockedValueBox(State())

  /// - Parameter key: this party's key, from the dealer.
  public init(key: [UInt8], partyCount: Int, form: DealtForm = .additive) {
    ownKey = key
    self.partyCount = partyCount
    self.form = form
  }

  public func key() -> [UInt8] { ownKey }

  /// How many runs of a program the stock serves.
  public func count(of program: String) -> Int { state.withLockedValue { $0.tickets[program]?.count ?? 0 } }

  /// Puts a ticket on stock.
  public func add(_ ticket: Message, for program: String, step: UInt32) {
    state.withLockedValue { $0.tickets[program, default: [:]][step] = ticket }
  }

  /// Takes the ticket of a run out of the stock; it serves the run that begins next.
  ///
  /// - Throws: ``SharingError/stockEmpty(program:)``.
  public func open(_ program: String, step: UInt32) throws(SharingError) {
    let isThere = state.withLockedValue { state in
      guard let ticket = state.tickets[program]?.removeValue(forKey: step) else { return false }
      state.current = (program, step, ticket[...])
      return true
    }
    guard isThere else { throw .stockEmpty(program: program) }
  }

  /// Serves the run that begins next from a ticket that was kept elsewhere.
  package func open(_ ticket: Message, program: String, step: UInt32) {
    state.withLockedValue { $0.current = (program, step, ticket[...]) }
  }

  public func corrections(for demand: Demand, at place: DealtPlace) throws -> ArraySlice<UInt8> {
    let byteCount = demand.correctionByteCount(partyCount: partyCount, form: form)
    return try state.withLockedValue { state in
      guard let current = state.current, current.program == place.program, current.step == place.step else {
        throw SharingError.stockEmpty(program: place.program)
      }
      guard current.rest.count >= byteCount else {
        throw SharingError.wrongCorrections(expected: byteCount, received: current.rest.count)
      }
      state.current?.rest = current.rest.dropFirst(byteCount)
      return current.rest.prefix(byteCount)
    }
  }
}

extension DealtStock: CustomStringConvertible, CustomReflectable {
  public var description: String { "‹stock of correlated randomness›" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
