import Sharing
package import Tensors

/// Puts together what all parties say of a training.
package struct TrainingCollector {
  private let program: TrainingProgram
  private let scheme: ClusterScheme
  /// What hides what is told: losses of epochs, then the result.
  private let mask: RingTensor?
  private var collected = TrainingAnswer()
  /// What each party has told, by epoch. The first word of a party counts, so that nobody speaks for another.
  private var epochs: [Int: [Int: RingTensor]] = [:]
  private var losses: [Int: Double] = [:]
  private var summands: [Int: RingTensor] = [:]

  package init(_ program: TrainingProgram, scheme: ClusterScheme, mask: RingTensor?) {
    self.program = program
    self.scheme = scheme
    self.mask = mask
  }

  /// Takes one piece of news; how far the training is, where it tells.
  package mutating func take(_ news: TrainingNews, from party: Int) throws -> TrainingStep? {
    switch news {
    case .step(let step):
      return party == 0 ? TrainingStep(step: step, stepCount: program.stepCount, loss: nil) : nil
    case .epoch(let epoch, let loss):
      guard (loss?.count ?? 0) == (program.revealsLoss ? 1 : 0) else {
        throw ServingError.unexpectedReply(party: party)
      }
      guard (1...program.epochs).contains(epoch) else { throw ServingError.unexpectedReply(party: party) }
      return try takeEpoch(epoch, loss, from: party)
    case .waiting: return nil
    case .finished(let words, let figures):
      guard words.count == program.revealedCount else { throw ServingError.unexpectedReply(party: party) }
      guard summands[party] == nil else { throw ServingError.unexpectedReply(party: party) }
      summands[party] = words
      collected.traffic.rounds = max(collected.traffic.rounds, figures.rounds)
      collected.traffic.byteCount += figures.bytesSent
      collected.traffic.dealtByteCount += figures.dealtBytes
      collected.seconds = max(collected.seconds, figures.seconds)
      collected.offlineSeconds = max(collected.offlineSeconds, figures.offlineSeconds)
      return nil
    }
  }

  private mutating func takeEpoch(_ epoch: Int, _ loss: RingTensor?, from party: Int) throws -> TrainingStep? {
    guard epochs[epoch]?[party] == nil else { return nil }
    epochs[epoch, default: [:]][party] = loss?.reshaped(to: [1]) ?? RingTensor(repeating: 0, shape: [1])
    guard let parts = epochs[epoch], parts.count == scheme.partyCount else { return nil }
    var step = TrainingStep(step: epoch * program.stepsPerEpoch, stepCount: program.stepCount, loss: nil)
    guard program.revealsLoss else { return step }
    let total = try value(of: Array(parts.values), epoch - 1..<epoch).decoded()
    let mean = Double(total.scalars[0]) / Double(program.rowCount)
    step.loss = mean
    losses[epoch] = mean
    return step
  }

  private func isIncomplete(_ party: Int) -> Bool {
    summands[party] == nil || program.revealsLoss && (1...program.epochs).contains { epochs[$0]?[party] == nil }
  }

  /// What the parties have told, which is at these places of the mask.
  private func value(of told: [RingTensor], _ places: Range<Int>) throws -> FixedTensor {
    FixedTensor(
      ring: try scheme.combine(told, mask: mask.map { $0.sliced(axis: 0, places) }), fractionBits: program.fractionBits)
  }

  /// The whole, when all parties are done.
  package func answer() throws -> TrainingAnswer {
    // Where parties may deviate, one that says nothing must not keep a loss or the result from the client unnoticed.
    if scheme.isChecked, let party = (0..<scheme.partyCount).first(where: isIncomplete) {
      throw ServingError.unexpectedReply(party: party)
    }
    var answer = collected
    answer.losses = losses.sorted { $0.key < $1.key }.map(\.value)
    for _ in answer.losses { answer.traffic = answer.traffic + scheme.telling(count: 1) }
    guard program.revealedCount > 0, summands.count == scheme.partyCount else { return answer }
    answer.traffic = answer.traffic + scheme.telling(count: program.revealedCount)
    let start = program.revealsLoss ? program.epochs : 0
    let total = try value(of: Array(summands.values), start..<start + program.revealedCount).decoded()
    if program.judging != nil { answer.figure = total.scalars.last.map(Double.init) }
    guard program.revealsModel else { return answer }
    var offset = 0
    for name in program.weightNames {
      let shape = program.shape(of: name)
      answer.weights[name] = Tensor(shape: shape, scalars: Array(total.scalars[offset..<offset + shape.count]))
      offset += shape.count
    }
    return answer
  }
}
