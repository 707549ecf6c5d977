import Arithmetic
import Graphs
import Tensors

/// What the programs of a training's batch sizes read and compute in: one and the same memory, so that it stays in the processor's cache
/// whichever size comes next.
final class StepMemory {
  let work = WorkMemory()
  /// The largest size.
  private let rows: Int
  private var buffers: [String: RowBuffer] = [:]

  init(rows: Int) { self.rows = rows }

  /// Memory of the input of that name, bound to it.
  func buffer(_ name: String, of program: PlainProgram) -> RowBuffer {
    let index = program.input(named: name)
    let shape = index.map { program.inputShapes[$0] } ?? [1]
    let buffer = buffers[name] ?? RowBuffer(rows: rows, rowCount: shape.count / max(shape.extents.first ?? 1, 1))
    buffers[name] = buffer
    if let index, let base = buffer.scalars.baseAddress { program.bind(input: index, to: base) }
    return buffer
  }
}

/// Memory of an input, and rows copied there.
final class RowBuffer {
  let scalars: UnsafeMutableBufferPointer<Float>
  /// Scalars a row.
  let rowCount: Int

  init(rows: Int, rowCount: Int) {
    self.rowCount = rowCount
    scalars = .allocate(capacity: max(rows * rowCount, 1))
    scalars.initialize(repeating: 0)
  }

  deinit { scalars.deallocate() }

  func gather(_ rows: UnsafeBufferPointer<Int>, from source: UnsafeBufferPointer<Float>) {
    guard rowCount > 0, let from = source.baseAddress, let to = scalars.baseAddress else { return }
    // A copy of one scalar is not worth a call.
    guard rowCount > 1 else {
      for (position, row) in rows.enumerated() { to[position] = from[row] }
      return
    }
    for (position, row) in rows.enumerated() {
      (to + position * rowCount).update(from: from + row * rowCount, count: rowCount)
    }
  }

  /// Drops scalars of the first rows at that rate, and scales the others up.
  func drop(_ rate: Double, rows: Int, _ generator: inout PublicGenerator) {
    let kept = Float(1 / (1 - rate))
    for index in 0..<rows * rowCount { scalars[index] = generator.uniform() < rate ? 0 : kept }
  }
}
