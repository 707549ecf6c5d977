import Arithmetic
import Crypto
import Foundation
package import Sharing
package import Tensors
import Transports

/// Trainings among parties with a dealer, who deals step by step, a little ahead of the steps.
///
/// A training's programs are named after fresh random numbers of all parties, and so are those of a training that is gone on
/// with: steps that are taken again have masks of their own. Nothing of what was dealt outlives the training or a stop, so
/// that nobody has to write down what was used. Where shares have MACs, nothing is kept of the training at all: one that
/// stopped starts anew.
package struct DealtTraining<Scheme: ServedScheme>: TrainingScheme {
  private let channel: any Channel
  let scheme: Scheme
  let turns: DealtTurns
  /// Names the keys of MACs, where there are any.
  let generation: String
  let waiting: (DealerProgress) -> Void

  /// - Parameters:
  ///   - generation: names the dealer's keys.
  ///   - waiting: told while a step waits for the dealer.
  init(
    over channel: any Channel, scheme: Scheme, turns: DealtTurns, generation: String,
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

  /// One round, as ``agreeing(partyCount:)`` says.
  ///
  /// - Throws: ``ServingError/badRequest(_:)`` where the parties were given different programs; where shares have MACs
  ///   ``ServingError/sessionBroken(_:)``, as a party may have told one peer another program than the rest.
  package func steps(
    of program: TrainingProgram, keys: [[UInt8]], after done: Int
  ) async throws -> DealtTrainingSteps<Scheme> {
    let digest = try program.digest()
    let own = SecureRandom.bytes(Self.nonceByteCount)
    let theirs = try await channel.exchange(channel.peers.map { Outgoing(own + digest, to: $0) }, from: channel.peers)
    var nonces = [[UInt8]](repeating: own, count: channel.partyCount)
    for (peer, message) in zip(channel.peers, theirs) {
      guard message.count == Self.nonceByteCount + digest.count else { throw ServingError.malformedMessage }
      guard message.suffix(digest.count).elementsEqual(digest) else {
        let reason = "party \(peer) was given another program of this training: start it anew"
        throw Scheme.form == .authenticated ? ServingError.sessionBroken(reason) : .badRequest(reason)
      }
      nonces[peer] = Array(message.prefix(Self.nonceByteCount))
    }
    let name = Hexadecimal.text(SHA256.hash(data: Data(nonces.flatMap { $0 })))
    return DealtTrainingSteps(
      of: self, program: program, label: "\(generation) training \(name)",
      agreeing: Cost(rounds: 1, byteCount: channel.peers.count * (own + digest).count))
  }

  /// As many as the contributions to keys that replicated parties begin a training with.
  private static var nonceByteCount: Int { 32 }

  /// What the parties send each other before the first step: fresh numbers and a hash of the program.
  static func agreeing(partyCount: Int) -> Cost {
    Cost(rounds: 1, byteCount: partyCount * (partyCount - 1) * (nonceByteCount + SHA256.byteCount))
  }
}

/// Steps each of which is a run of a dealt program; those of one kind share theirs. Where shares have MACs, each ends with a
/// check of all that it opened, so that no more than a step's openings are kept for it.
package final class DealtTrainingSteps<Scheme: ServedScheme>: TrainingSteps {
  let training: DealtTraining<Scheme>
  let program: TrainingProgram
  private let label: String
  private let before: Cost
  /// What this party sent to agree on names and program.
  private let agreeing: Cost
  private var computations: [TrainingProgram.WorkKind: DealtComputation] = [:]
  /// Of what owners outside have shared.
  private var admissions: [DealtComputation] = []
  /// Work whose kinds are known.
  private var knownCount = 0

  /// How many steps ahead the dealer is asked to be, at most.
  private static var ahead: Int { 16 }

  /// - Parameter label: names what is dealt for this run of the training, and nothing else.
  fileprivate init(
    of training: DealtTraining<Scheme>, program: TrainingProgram, label: String, agreeing: Cost
  ) {
    (self.training, self.agreeing) = (training, agreeing)
    self.program = program
    self.label = label
    before = training.scheme.traffic
  }

  /// With MACs the dealer draws it.
  package static var bringsNoise: Bool { Scheme.form == .additive }

  package static var tellsUnderMasks: Bool { Scheme.form == .authenticated }

  package var scheme: Scheme { training.scheme }

  package var traffic: Cost { agreeing + scheme.traffic - before }

  /// - Throws: `SharingError.cheating` where a party deviated in this work, or in what came before since the last check.
  package func run(
    _ work: Int, _ inputs: [String: Scheme.Share], own: [String: RingTensor]
  ) async throws -> [Scheme.Share] {
    let computation = try computation(ofWork: work)
    let step = try await training.turns.next(
      of: computation, coming: { try coming(from: work) }, waiting: training.waiting)
    try scheme.beginStep(of: computation.program, at: step)
    do {
      let outputs = try await computation.run(inputs, numbers: program.numbers(ofWork: work), own: own, on: scheme)
      try await scheme.check()
      return outputs
    } catch SharingError.cheating(let check, let layer, let culprit) {
      throw SharingError.cheating(check: check, layer: "\(layer) of \(program.name(ofWork: work))", culprit: culprit)
    }
  }

  package func finish() async -> Double {
    await training.turns.dealingSeconds(of: admissions + Array(computations.values))
  }

  /// Additive parties' summands, silently; with MACs the value under the mask, opened between two checks.
  package func tell(_ share: Scheme.Share, under mask: Scheme.Share?) async throws -> RingTensor {
    try await scheme.release(share, under: mask)
  }

  /// What admits tensors of these shapes.
  func admission(
    of inputs: [(name: String, shape: Shape)], answers: [Shape]
  ) throws -> DealtComputation {
    let made = try DealtComputation.admission(
      of: inputs, answers: answers, fractionBits: program.fractionBits, keys: training.generation, label: label)
    admissions.append(made)
    return made
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
        let noise = program.noise(ofWork: knownCount)
        let dealtNoise = noise.map { DealtComputation.Content.Noise(names: $0.names, bits: $0.bits) }
        computations[kind] = try DealtComputation(
          .init(
            graph: program.graph(ofWork: knownCount), fractionBits: program.fractionBits,
            widths: .uniform(program.comparisonWidth), numbers: program.numbers(ofWork: knownCount),
            own: Self.bringsNoise ? noise?.names ?? [] : [], noise: Self.bringsNoise ? nil : dealtNoise,
            keys: training.generation, label: label))
      }
      knownCount += 1
    }
    guard let found = computations[program.kind(ofWork: index)] else { throw ServingError.malformedMessage }
    return found
  }
}
