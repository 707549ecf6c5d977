import Arithmetic
import Crypto
import Foundation
package import Sharing
package import Tensors
import Transports

/// Trainings among additive parties with a dealer, who deals step by step, a little ahead of the steps.
///
/// A training's programs are named after fresh random numbers of all parties, and so are those of a training that is gone on
/// with: steps that are taken again have masks of their own. Nothing of what was dealt outlives the training or a stop, so
/// that nobody has to write down what was used.
package struct AdditiveTraining: TrainingScheme {
  private let channel: any Channel
  private let scheme: AdditiveScheme
  private let turns: DealtTurns
  private let generation: String
  private let waiting: (DealerProgress) -> Void

  /// - Parameters:
  ///   - generation: names the dealer's keys.
  ///   - waiting: told while a step waits for the dealer.
  init(
    over channel: any Channel, scheme: AdditiveScheme, turns: DealtTurns, generation: String,
    waiting: @escaping (DealerProgress) -> Void
  ) {
    self.channel = channel
    self.scheme = scheme
    self.turns = turns
    self.generation = generation
    self.waiting = waiting
  }

  /// Nothing is kept: whoever goes on does so with new keys.
  package func begin(_ id: String) -> [[UInt8]] { [] }

  /// One round, 32 bytes to each party.
  package func steps(of program: TrainingProgram, keys: [[UInt8]], after done: Int) async throws -> AdditiveSteps {
    let own = SecureRandom.bytes(Self.nonceByteCount)
    let theirs = try await channel.exchange(channel.peers.map { Outgoing(own, to: $0) }, from: channel.peers)
    var nonces = [[UInt8]](repeating: own, count: channel.partyCount)
    for (peer, nonce) in zip(channel.peers, theirs) {
      guard nonce.count == Self.nonceByteCount else { throw ServingError.malformedMessage }
      nonces[peer] = nonce
    }
    let name = Hexadecimal.text(SHA256.hash(data: Data(nonces.flatMap { $0 })))
    return AdditiveSteps(
      scheme: scheme, program: program, turns: turns, label: "\(generation) training \(name)", waiting: waiting)
  }

  /// As many as the contributions to keys that replicated parties begin a training with.
  private static let nonceByteCount = 32
}

/// Steps each of which is a run of a dealt program; those of one kind share theirs.
package final class AdditiveSteps: TrainingSteps {
  package let scheme: AdditiveScheme
  private let program: TrainingProgram
  private let turns: DealtTurns
  private let label: String
  private let waiting: (DealerProgress) -> Void
  private let before: Cost
  private var computations: [TrainingProgram.WorkKind: DealtComputation] = [:]
  /// Work whose kinds are known.
  private var knownCount = 0

  /// How many steps ahead the dealer is asked to be, at most.
  private static let ahead = 16

  init(
    scheme: AdditiveScheme, program: TrainingProgram, turns: DealtTurns, label: String,
    waiting: @escaping (DealerProgress) -> Void
  ) {
    self.scheme = scheme
    self.program = program
    self.turns = turns
    self.label = label
    self.waiting = waiting
    before = scheme.traffic
  }

  package var traffic: Cost { scheme.traffic - before }

  package func run(
    _ work: Int, _ inputs: [String: AdditiveShare], own: [String: RingTensor]
  ) async throws -> [AdditiveShare] {
    let computation = try computation(ofWork: work)
    let step = try await turns.next(of: computation, coming: { try coming(from: work) }, waiting: waiting)
    try scheme.beginStep(of: computation.program, at: step)
    return try await computation.run(inputs, numbers: program.numbers(ofWork: work), own: own, on: scheme)
  }

  package func finish() async -> Double { await turns.dealingSeconds(of: Array(computations.values)) }

  package func tell(_ share: AdditiveShare, under mask: AdditiveShare?) -> RingTensor {
    scheme.summandForOutside(share)
  }

  /// The work from here on, as far as the dealer should be ahead, and how often each of it comes.
  private func coming(from work: Int) throws -> [StockKeeper.Coming] {
    var coming: [StockKeeper.Coming] = []
    for index in work..<min(work + Self.ahead, program.workCount) {
      let computation = try computation(ofWork: index)
      if let place = coming.firstIndex(where: { $0.computation.program == computation.program }) {
        coming[place].count += 1
      } else {
        coming.append(StockKeeper.Coming(computation: computation, count: 1))
      }
    }
    return coming
  }

  /// The program that work of a kind shares, with the public numbers of the first of the kind: the same at all parties.
  private func computation(ofWork index: Int) throws -> DealtComputation {
    while knownCount <= index {
      let kind = program.kind(ofWork: knownCount)
      if computations[kind] == nil {
        computations[kind] = try DealtComputation(
          .init(
            graph: program.graph(ofWork: knownCount), fractionBits: program.fractionBits,
            widths: .uniform(program.comparisonWidth), numbers: program.numbers(ofWork: knownCount),
            own: program.ownInputs(ofWork: knownCount), label: label))
      }
      knownCount += 1
    }
    guard let found = computations[program.kind(ofWork: index)] else { throw ServingError.malformedMessage }
    return found
  }
}
