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

  init(_ clipped: ClippedGraph, _ block: ParameterBlock, size: Int) {
    let program = PlainProgram(clipped.graph)
    self.program = program
    self.size = size
    features = RowBuffer(ModelDescription.inputName, of: program)
    targets = RowBuffer(TrainingGraph.targetName, of: program)
    masks = clipped.masks.map { (RowBuffer($0.name, of: program), $0.rate) }
    presence = RowBuffer(ClippedGraph.presenceName, of: program)
    clip = RowBuffer(ClippedGraph.clipName, of: program)
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
    for (mask, rate) in masks {
      let kept = Float(1 / (1 - rate))
      for index in mask.scalars.indices { mask.scalars[index] = dropout.uniform() < rate ? 0 : kept }
    }
    for index in 0..<size { presence.scalars[index] = index < rows.count ? 1 : 0 }
    clip.scalars[0] = norm
    program.run()
    let squares = program.output(0)
    return (0..<rows.count).reduce(0) { $0 + (squares[$1] <= norm * norm ? 1 : 0) }
  }
}

/// Memory of a program's input, and rows copied there.
final class RowBuffer {
  let scalars: UnsafeMutableBufferPointer<Float>
  /// Scalars a row.
  private let rowCount: Int

  init(_ name: String, of program: PlainProgram) {
    let index = program.input(named: name)
    let shape = index.map { program.inputShapes[$0] } ?? [1]
    scalars = .allocate(capacity: max(shape.count, 1))
    scalars.initialize(repeating: 0)
    rowCount = shape.count / max(shape.extents.first ?? 1, 1)
    if let index, let base = scalars.baseAddress { program.bind(input: index, to: base) }
  }

  deinit { scalars.deallocate() }

  func gather(_ rows: UnsafeBufferPointer<Int>, from source: UnsafeBufferPointer<Float>) {
    guard rowCount > 0, let from = source.baseAddress, let to = scalars.baseAddress else { return }
    for (position, row) in rows.enumerated() {
      (to + position * rowCount).update(from: from + row * rowCount, count: rowCount)
    }
  }
}
