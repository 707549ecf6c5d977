import Arithmetic
import NIOConcurrencyHelpers
package import Transports

/// A dealer at work: knows what computations demand, and makes the tickets of their runs.
package final class DealerDesk: Sendable {
  package let dealer: Dealer
  private let programs = NIOLockedValueBox<[String: Known]>([:])
  /// Programs that are kept; what a forgotten one demands is found again.
  private static let capacity = 64

  private struct Known {
    let program: DealtProgram
    /// What names the keys of MACs in its runs.
    let keys: String
    /// The last run that was dealt for, of those since the program was found.
    var lastStep: UInt32?
  }

  /// Names the dealer's keys.
  package let epoch: [UInt8]

  package init(_ dealer: Dealer, epoch: [UInt8] = SecureRandom.bytes(16)) {
    self.dealer = dealer
    self.epoch = epoch
  }

  /// What one run demands.
  package func program(of computation: DealtComputation) async throws -> DealtProgram {
    if let known = programs.withLockedValue({ $0[computation.program] }) { return known.program }
    let found = try await computation.rehearsed(partyCount: dealer.partyCount, form: dealer.form)
    programs.withLockedValue { programs in
      if programs.count >= Self.capacity { programs.removeAll() }
      programs[computation.program] = Known(program: found, keys: computation.content.keys)
    }
    return found
  }

  /// What the last party needs for one run.
  package func ticket(for computation: DealtComputation, step: UInt32) async throws -> Message {
    let program = try await program(of: computation)
    programs.withLockedValue { programs in
      let last = programs[program.name]?.lastStep ?? step
      programs[program.name]?.lastStep = max(last, step)
    }
    return dealer.ticket(for: program, step: step, keys: computation.content.keys)
  }
}

extension DealerDesk: DealtRecord {
  /// Of programs that are kept.
  package func dealt(at place: DealtPlace) -> (demand: Demand, keys: String)? {
    guard let known = programs.withLockedValue({ $0[place.program] }), let last = known.lastStep,
      place.step <= last, let demand = known.program.demand(at: place)
    else { return nil }
    return (demand, known.keys)
  }
}
