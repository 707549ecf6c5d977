import Sharing
import Tensors

/// Puts together what three parties say of a training.
struct TrainingCollector {
  private let program: TrainingProgram
  private var sum = TrainingAnswer()
  private var epochs: [Int: [RingTensor]] = [:]
  private var summands: [RingTensor] = []

  init(_ program: TrainingProgram) { self.program = program }

  /// Takes one piece of news; how far the training is, where it tells.
  mutating func take(_ news: TrainingNews, from party: Int) throws -> TrainingStep? {
    switch news {
    case .step(let step):
      return party == 0 ? TrainingStep(step: step, stepCount: program.stepCount, loss: nil) : nil
    case .epoch(let epoch, let loss):
      guard (loss?.count ?? 0) == (program.revealsLoss ? 1 : 0) else {
        throw ServingError.unexpectedReply(party: party)
      }
      return takeEpoch(epoch, loss)
    case .finished(let words, let traffic, let seconds):
      guard words.count == program.revealedCount else { throw ServingError.unexpectedReply(party: party) }
      summands.append(words)
      sum.traffic.rounds = max(sum.traffic.rounds, traffic.rounds)
      sum.traffic.byteCount += traffic.byteCount
      sum.seconds = max(sum.seconds, seconds)
      return nil
    }
  }

  private mutating func takeEpoch(_ epoch: Int, _ loss: RingTensor?) -> TrainingStep? {
    epochs[epoch, default: []].append(loss?.reshaped(to: [1]) ?? RingTensor(repeating: 0, shape: [1]))
    guard let parts = epochs[epoch], parts.count == 3 else { return nil }
    epochs[epoch] = nil
    var step = TrainingStep(step: epoch * program.stepsPerEpoch, stepCount: program.stepCount, loss: nil)
    guard program.revealsLoss else { return step }
    let total = FixedTensor(ring: parts[0] + parts[1] + parts[2], fractionBits: program.fractionBits).decoded()
    let mean = Double(total.scalars[0]) / Double(program.rowCount)
    step.loss = mean
    sum.losses.append(mean)
    return step
  }

  /// The whole, when all parties are done.
  func answer() throws -> TrainingAnswer {
    var answer = sum
    let costs = ReplicatedCosts()
    for _ in answer.losses { answer.traffic = answer.traffic + costs.revealing(counts: [1]) }
    guard program.revealedCount > 0, summands.count == 3 else { return answer }
    answer.traffic = answer.traffic + costs.revealing(counts: [summands[0].count])
    let total = FixedTensor(
      ring: summands[0] + summands[1] + summands[2], fractionBits: program.fractionBits
    ).decoded()
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
