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
  /// Where the batch is padded.
  private let presence: RowBuffer?
  private let inverseSquare: RowBuffer

  init(_ clipped: ClippedGraph, _ block: ParameterBlock, size: Int, in memory: StepMemory) {
    let program = PlainProgram(clipped.graph, in: memory.work)
    self.program = program
    self.size = size
    features = memory.buffer(ModelDescription.inputName, of: program)
    targets = memory.buffer(TrainingGraph.targetName, of: program)
    masks = clipped.masks.map { (memory.buffer($0.name, of: program), $0.rate) }
    let isPadded = program.input(named: ClippedGraph.presenceName) != nil
    presence = isPadded ? memory.buffer(ClippedGraph.presenceName, of: program) : nil
    inverseSquare = memory.buffer(ClippedGraph.inverseSquareName, of: program)
    var offset = 0
    for (index, name) in clipped.weightNames.enumerated() {
      if let input = program.input(named: name) { program.bind(input: input, to: block.weights + offset) }
      program.bind(output: 1 + index, to: block.gradients + offset)
      offset += block.shapes[index].count
    }
  }

  /// Sums the clipped gradients of at most ``size`` rows, or of just as many where the batch is not padded.
  func run(
    _ rows: UnsafeBufferPointer<Int>, features allFeatures: UnsafeBufferPointer<Float>,
    targets allTargets: UnsafeBufferPointer<Float>, clip norm: Double, dropout: inout PublicGenerator
  ) {
    features.gather(rows, from: allFeatures)
    targets.gather(rows, from: allTargets)
    for (mask, rate) in masks { mask.drop(rate, rows: size, &dropout) }
    if let presence { for index in 0..<size { presence.scalars[index] = index < rows.count ? 1 : 0 } }
    inverseSquare.scalars[0] = Float(1 / (norm * norm))
    program.run()
  }

  /// Of the last step's first rows: how many gradients' norms are at most that.
  func count(below norm: Double, of rows: Int) -> Int {
    let limit = Float(norm * norm)
    return program.output(0).prefix(rows).count { $0 <= limit }
  }
}
