import Arithmetic
import NIOConcurrencyHelpers
package import Transports

/// A dealer at work: knows what computations demand, and makes the tickets of their runs.
package final class DealerDesk: Sendable {
  package let dealer: Dealer
  private let programs = NIOLockedValueBox<[String: DealtProgram]>([:])
  /// Programs that are kept; what a forgotten one demands is found again.
  private static let capacity = 64

  /// Names the dealer's keys.
  package let epoch: [UInt8]

  package init(_ dealer: Dealer, epoch: [UInt8] = SecureRandom.bytes(16)) {
    self.dealer = dealer
    self.epoch = epoch
  }

  /// What one run demands.
  package func program(of computation: DealtComputation) async throws -> DealtProgram {
    if let known = programs.withLockedValue({ $0[computation.program] }) { return known }
    let found = try await computation.rehearsed(partyCount: dealer.partyCount, form: dealer.form)
    programs.withLockedValue { programs in
      if programs.count >= Self.capacity { programs.removeAll() }
      programs[computation.program] = found
    }
    return found
  }

  /// What the last party needs for one run.
  package func ticket(for computation: DealtComputation, step: UInt32) async throws -> Message {
    dealer.ticket(for: try await program(of: computation), step: step, keys: computation.content.keys)
  }
}
