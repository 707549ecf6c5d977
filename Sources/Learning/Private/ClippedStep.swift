import Arithmetic
import Graphs
import Tensors

/// The program of one size of a batch that sums clipped gradients, bound to a block of parameters, and the rows it reads.
final class ClippedStep {
  let size: Int
  private let program: PlainProgram
  private let features: RowBuffer
  private let targets: RowBuffer
  private let masks: [(scalars: RowBuffer, rate: Double)]
  private let presence: RowBuffer
  private let clip: RowBuffer

  init(_ clipped: ClippedGraph, _ block: ParameterBlock, size: Int, in memory: StepMemory) {
    let program = PlainProgram(clipped.graph, in: memory.work)
    self.program = program
    self.size = size
    features = memory.buffer(ModelDescription.inputName, of: program)
    targets = memory.buffer(TrainingGraph.targetName, of: program)
    masks = clipped.masks.map { (memory.buffer($0.name, of: program), $0.rate) }
    presence = memory.buffer(ClippedGraph.presenceName, of: program)
    clip = memory.buffer(ClippedGraph.clipName, of: program)
    var offset = 0
    for (index, name) in clipped.weightNames.enumerated() {
      if let input = program.input(named: name) { program.bind(input: input, to: block.weights + offset) }
      program.bind(output: 1 + index, to: block.gradients + offset)
      offset += block.shapes[index].count
    }
  }

  /// Sums the clipped gradients of at most ``size`` rows; gives how many of their norms are at most the clipping norm.
  func run(
    _ rows: UnsafeBufferPointer<Int>, features allFeatures: UnsafeBufferPointer<Float>,
    targets allTargets: UnsafeBufferPointer<Float>, clip norm: Float, dropout: inout PublicGenerator
  ) -> Int {
    features.gather(rows, from: allFeatures)
    targets.gather(rows, from: allTargets)
    for (mask, rate) in masks { mask.drop(rate, rows: size, &dropout) }
    for index in 0..<size { presence.scalars[index] = index < rows.count ? 1 : 0 }
    clip.scalars[0] = norm
    program.run()
    let squares = program.output(0)
    return (0..<rows.count).reduce(0) { $0 + (squares[$1] <= norm * norm ? 1 : 0) }
  }
}
