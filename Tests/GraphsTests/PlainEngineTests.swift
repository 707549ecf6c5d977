import Graphs
import Tensors
import Testing

/// The plain engine against the reference interpreter.
@Suite struct PlainEngineTests {
  @Test(arguments: OperationCase.all)
  func operations(operation: OperationCase) throws {
    let (inputs, result) = operation.graph()
    try check(operation, outputs: [result], graph: inputs[0].builder.build([result]))
  }

  /// Forward and backward in one program: every fusion and every reuse of memory is exercised.
  @Test(arguments: OperationCase.all)
  func gradients(operation: OperationCase) throws {
    let (inputs, result) = operation.graph()
    let sources = (operation.differentiable ?? Array(inputs.indices)).map { inputs[$0] }
    let loss = (result * result).sum(axes: Array(result.shape.extents.indices)).reshaped(to: [])
    let gradients = try loss.gradients(by: sources)
    try check(operation, outputs: [loss] + gradients, graph: inputs[0].builder.build([loss] + gradients))
    try check(operation, outputs: gradients, graph: inputs[0].builder.build(gradients))
    let everything = [inputs[0], result, loss, result] + gradients + [inputs[0]]
    try check(operation, outputs: everything, graph: inputs[0].builder.build(everything))
  }

  private func check(_ operation: OperationCase, outputs: [Symbol], graph: Graph) throws {
    let values = operation.values(seed: 5)
    let expected = ReferenceInterpreter().run(graph, values)
    let inputs = values.mapValues { Tensor(shape: $0.shape, scalars: $0.scalars.map(Float.init)) }
    let program = PlainProgram(graph)
    let arranged = try program.arrange(inputs)
    let first = program.run(arranged)
    for (found, value) in zip(first, expected) {
      #expect(found.shape == value.shape)
      // Float rounding, 6e-8 an operation, over a few hundred operations on numbers of the size of the largest.
      let largest = value.scalars.reduce(1) { max($0, abs($1)) }
      for (a, b) in zip(found.scalars, value.scalars) { #expect(abs(Double(a) - b) < 2e-5 * largest, "\(operation)") }
    }
    #expect(program.run(arranged) == first, "a second run gives the same bits")
    #expect(try PlainEngine().run(graph, inputs: inputs) == first)
  }

  @Test(arguments: Comparison.allCases)
  func comparisons(comparison: Comparison) throws {
    let builder = GraphBuilder()
    let (a, b) = (builder.input("a", [3, 3]), builder.input("b", [3]))
    let graph = builder.build([a.compared(comparison, to: b), b.compared(comparison, to: a)])
    let values: [String: Tensor<Float>] = [
      "a": Tensor(shape: [3, 3], scalars: [1, 2, 3, -1, 0, 1, 2, 2, 2]), "b": Tensor(shape: [3], scalars: [1, 1, 2]),
    ]
    let expected = ReferenceInterpreter().run(
      graph, values.mapValues { Tensor(shape: $0.shape, scalars: $0.scalars.map(Double.init)) })
    let found = try PlainEngine().run(graph, inputs: values)
    for (a, b) in zip(found, expected) { #expect(a.scalars.map(Double.init) == b.scalars) }
  }

  @Test func emptyTensors() throws {
    let builder = GraphBuilder()
    let (x, w) = (builder.input("x", [0, 3]), builder.input("w", [3, 2]))
    let y = x.matmul(w).relu()
    let outputs = try PlainEngine().run(
      builder.build([y, y.sum(axes: [0]), x.transposed([1, 0]).matmul(y)]),
      inputs: ["x": Tensor(repeating: 0, shape: [0, 3]), "w": Tensor(repeating: 1, shape: [3, 2])])
    #expect(outputs.map(\.shape) == [[0, 2], [1, 2], [3, 2]])
    #expect(outputs[1].scalars == [0, 0])
    #expect(outputs[2].scalars == [0, 0, 0, 0, 0, 0])
  }

  @Test func softmaxOfLargeNumbers() throws {
    let builder = GraphBuilder()
    let graph = builder.build([builder.input("x", [1, 3]).softmax()])
    let y = try PlainEngine().run(graph, inputs: ["x": Tensor(shape: [1, 3], scalars: [1000, 1000, -1000])])[0]
    #expect(y.scalars == [0.5, 0.5, 0])
  }

  /// Large numbers do not overflow, and rows may be longer than the piece of memory the loop works in.
  @Test(arguments: [1, 3, 256, 257, 700])
  func logSoftmaxOfLargeNumbers(columns: Int) throws {
    let builder = GraphBuilder()
    let graph = builder.build([builder.input("x", [2, columns]).logSoftmax()])
    let scalars = (0..<2 * columns).map { Float(1000 - 2 * ($0 % columns)) }
    let y = try PlainEngine().run(graph, inputs: ["x": Tensor(shape: [2, columns], scalars: scalars)])[0]
    // The sum of a geometric series: Σ e^(−2i) = (1 − e^(−2n)) / (1 − e^(−2)).
    let sum = (1 - exponential(-2 * Double(min(columns, 20)))) / (1 - exponential(-2))
    for (index, found) in y.scalars.enumerated() {
      #expect(abs(Double(found) + Double(2 * (index % columns)) + logarithm(sum)) < 1e-4)
    }
  }

  @Test func firstOfEqualMaxima() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [3, 3])
    let outputs = try PlainEngine().run(
      builder.build([x.argmax(axis: 1), x.argmax(axis: 0)]),
      inputs: ["x": Tensor(shape: [3, 3], scalars: [1, 2, 2, 5, 5, 5, -1, -3, 2])])
    #expect(outputs[0].shape == [3, 1] && outputs[0].scalars == [1, 0, 2])
    #expect(outputs[1].shape == [1, 3] && outputs[1].scalars == [1, 1, 1])
  }

  /// Against the definition, in double precision.
  @Test func attention() throws {
    let builder = GraphBuilder()
    let symbols = [builder.input("q", [3, 5]), builder.input("k", [4, 5]), builder.input("v", [4, 2])]
    let graph = builder.build([Symbol.attention(query: symbols[0], key: symbols[1], value: symbols[2])])
    var random = SplitMix(state: 21)
    let inputs = Dictionary(
      uniqueKeysWithValues: [("q", Shape([3, 5])), ("k", [4, 5]), ("v", [4, 2])].map { name, shape in
        (name, Tensor(shape: shape, scalars: (0..<shape.count).map { _ in Float.random(in: -2...2, using: &random) }))
      })
    let found = try PlainEngine().run(graph, inputs: inputs)[0]
    func row(_ name: String, _ index: Int) -> [Double] {
      let width = name == "v" ? 2 : 5
      return (inputs[name]?.scalars ?? [])[index * width..<(index + 1) * width].map(Double.init)
    }
    for i in 0..<3 {
      let weights = (0..<4).map { j in
        exponential(zip(row("q", i), row("k", j)).reduce(0) { $0 + $1.0 * $1.1 } / 5.0.squareRoot())
      }
      for e in 0..<2 {
        let mean = (0..<4).reduce(0) { $0 + weights[$1] * row("v", $1)[e] } / weights.reduce(0, +)
        #expect(abs(Double(found.scalars[2 * i + e]) - mean) < 1e-5)
      }
    }
  }

  @Test func inputsAreChecked() throws {
    let builder = GraphBuilder()
    let graph = builder.build([builder.input("x", [2]) + builder.input("y", [2])])
    let two = Tensor<Float>(repeating: 1, shape: [2])
    #expect(throws: GraphError.missingInput("y")) { try PlainEngine().run(graph, inputs: ["x": two]) }
    #expect(throws: GraphError.wrongInputShape("y", expected: [2], given: [1, 2])) {
      try PlainEngine().run(graph, inputs: ["x": two, "y": two.reshaped(to: [1, 2])])
    }
  }

  @Test func boundMemoryIsWrittenInPlace() {
    let builder = GraphBuilder()
    let x = builder.input("x", [4])
    let program = PlainProgram(builder.build([x.exp().log() * 2, x * 3]))
    let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: 12)
    defer { memory.deallocate() }
    memory.initialize(repeating: 1)
    program.bind(input: 0, to: memory.baseAddress!)
    program.bind(output: 0, to: memory.baseAddress! + 4)
    program.bind(output: 1, to: memory.baseAddress! + 8)
    program.run()
    #expect(memory[8...].allSatisfy { $0 == 3 })
    #expect(memory[4..<8].allSatisfy { abs($0 - 2) < 1e-6 })
  }
}
