package import Arithmetic
import Graphs
import Tensors

/// The memory and the programs of one training; a step allocates nothing.
///
/// All weights lie in one block and all gradients in another, so that an optimizer step is one loop. A loop can be used
/// again from other weights, with ``load(_:dropout:)``. It belongs to one thread at a time.
package final class TrainingLoop {
  private let description: ModelDescription
  private let loss: Loss
  private let features: Tensor<Float>
  private let targets: Tensor<Float>
  private let batch: Int
  /// The step of each number of rows that has come up: the batch, and what epochs leave for the last one.
  private var steps: [Int: BatchStep] = [:]
  private let memory: StepMemory
  private let block: ParameterBlock
  /// Running statistics, with room for what replaces them.
  private let statistics: ParameterBlock
  private var optimizer: OptimizerState
  private var dropout: PublicGenerator

  init(
    _ trainer: Trainer, features: Tensor<Float>, targets: Tensor<Float>, weights: Weights, seed: SeedTree
  ) throws(LearningError) {
    _ = try Model(description: trainer.description, weights: weights)
    description = trainer.description
    loss = trainer.loss
    self.features = features
    self.targets = targets
    batch = min(trainer.batch, features.shape[0])
    memory = StepMemory(rows: batch)
    block = ParameterBlock(description.weightNames.compactMap { weights[$0] })
    statistics = ParameterBlock(description.statisticNames.compactMap { weights[$0] })
    optimizer = OptimizerState(trainer.optimizer, count: block.count)
    dropout = seed.child("dropout").generator()
  }

  /// Compiles the steps of an epoch over so many rows.
  package func prepare(rows: Int) throws(LearningError) {
    for size in [min(batch, rows), rows % batch] where size > 0 && steps[size] == nil {
      steps[size] = try BatchStep(
        TrainingGraph(description, loss: loss, batch: size), block, statistics, size: size, in: memory)
    }
  }

  /// Trains on the given rows once; gives the mean loss.
  ///
  /// - Parameters:
  ///   - order: rows, of a number that was prepared.
  ///   - correct: changes the gradients of a step, given the weights it was computed at.
  ///   - factor: what the learning rate is multiplied by, given the share of the epoch that is done.
  package func runEpoch(
    order: [Int], correct: ((_ weights: UnsafePointer<Float>, _ gradients: UnsafeMutablePointer<Float>) -> Void)? = nil,
    factor: (Double) -> Double
  ) -> Double {
    var total = 0.0
    features.scalars.withUnsafeBufferPointer { features in
      targets.scalars.withUnsafeBufferPointer { targets in
        order.withUnsafeBufferPointer { order in
          var start = 0
          while start < order.count {
            let size = min(batch, order.count - start)
            guard let step = steps[size] else { preconditionFailure("no step of \(size) rows was prepared") }
            let rows = UnsafeBufferPointer(rebasing: order[start..<(start + size)])
            let loss = step.run(rows, features: features, targets: targets, dropout: &dropout)
            statistics.weights.update(from: statistics.gradients, count: statistics.count)
            correct?(block.weights, block.gradients)
            optimizer.update(
              block.weights, block.gradients, count: block.count,
              factor: factor(Double(start) / Double(order.count)))
            total += Double(loss) * Double(size)
            start += size
          }
        }
      }
    }
    return total / Double(order.count)
  }

  /// A copy of the weights and running statistics as they are.
  func weights() -> Weights {
    let names = description.weightNames + description.statisticNames
    let tensors = Dictionary(uniqueKeysWithValues: zip(names, block.tensors() + statistics.tensors()))
    return Weights(description.weightSpecs.compactMap { spec in tensors[spec.name].map { (spec.name, $0) } })
  }
}

extension TrainingLoop {
  /// How many scalars are trained; running statistics lie behind them.
  package var trainedCount: Int { block.count }

  package var scalarCount: Int { block.count + statistics.count }

  /// Begins again from flat weights, trained ones before statistics, with an optimizer that remembers nothing.
  package func load(_ flat: UnsafePointer<Float>, dropout: PublicGenerator) {
    block.weights.update(from: flat, count: block.count)
    statistics.weights.update(from: flat + block.count, count: statistics.count)
    optimizer.reset()
    self.dropout = dropout
  }

  /// Weights and running statistics as they are, flat.
  package func read(_ body: (_ trained: UnsafeBufferPointer<Float>, _ statistics: UnsafeBufferPointer<Float>) -> Void) {
    body(
      UnsafeBufferPointer(start: block.weights, count: block.count),
      UnsafeBufferPointer(start: statistics.weights, count: statistics.count))
  }
}

/// Tensors one behind the other, and room for as many gradients or new values.
final class ParameterBlock {
  let shapes: [Shape]
  let count: Int
  let weights: UnsafeMutablePointer<Float>
  let gradients: UnsafeMutablePointer<Float>

  init(_ tensors: [Tensor<Float>]) {
    shapes = tensors.map(\.shape)
    count = tensors.reduce(0) { $0 + $1.count }
    weights = .allocate(capacity: max(count, 1))
    gradients = .allocate(capacity: max(count, 1))
    gradients.initialize(repeating: 0, count: count)
    var offset = 0
    for tensor in tensors {
      tensor.scalars.withUnsafeBufferPointer { scalars in
        if let base = scalars.baseAddress { (weights + offset).initialize(from: base, count: scalars.count) }
      }
      offset += tensor.count
    }
  }

  deinit {
    weights.deallocate()
    gradients.deallocate()
  }

  func tensors() -> [Tensor<Float>] { tensors(of: weights) }

  /// Numbers that lie as the weights do.
  func tensors(of scalars: UnsafePointer<Float>?) -> [Tensor<Float>] {
    var offset = 0
    return shapes.map { shape in
      defer { offset += shape.count }
      let part = UnsafeBufferPointer(start: scalars.map { $0 + offset }, count: shape.count)
      return Tensor(shape: shape, scalars: Array(part))
    }
  }
}

/// The program of one batch size, bound to a block of parameters, and the batch it reads.
private final class BatchStep {
  private let program: PlainProgram
  private let features: RowBuffer
  private let targets: RowBuffer
  private let masks: [(scalars: RowBuffer, rate: Double)]
  private let size: Int

  init(
    _ training: TrainingGraph, _ block: ParameterBlock, _ statistics: ParameterBlock, size: Int, in memory: StepMemory
  ) {
    let program = PlainProgram(training.graph, in: memory.work)
    self.program = program
    self.size = size
    features = memory.buffer(ModelDescription.inputName, of: program)
    targets = memory.buffer(TrainingGraph.targetName, of: program)
    masks = training.masks.map { (memory.buffer($0.name, of: program), $0.rate) }
    Self.bind(training.weightNames, block, program, firstOutput: 1)
    Self.bind(training.statisticNames, statistics, program, firstOutput: 1 + training.weightNames.count)
  }

  private static func bind(_ names: [String], _ block: ParameterBlock, _ program: PlainProgram, firstOutput: Int) {
    var offset = 0
    for (index, name) in names.enumerated() {
      if let input = program.input(named: name) { program.bind(input: input, to: block.weights + offset) }
      program.bind(output: firstOutput + index, to: block.gradients + offset)
      offset += block.shapes[index].count
    }
  }

  /// Copies rows together, draws masks, runs forward and backward; gives the loss.
  func run(
    _ rows: UnsafeBufferPointer<Int>, features allFeatures: UnsafeBufferPointer<Float>,
    targets allTargets: UnsafeBufferPointer<Float>, dropout: inout PublicGenerator
  ) -> Float {
    features.gather(rows, from: allFeatures)
    targets.gather(rows, from: allTargets)
    for (mask, rate) in masks { mask.drop(rate, rows: size, &dropout) }
    program.run()
    return program.output(0)[0]
  }
}
