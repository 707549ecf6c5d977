import Graphs
import Tensors

/// A client's program as the worker will run it, and what each of its results is made from.
///
/// Where the program takes a statistic of rows, the plan has an input instead, which the worker fills by itself: what
/// is released depends on own data through statistics alone, to the last bit, whatever an engine does with the rest.
struct ProgramPlan {
  private(set) var graph = Graph()
  /// The statistics that the inputs of these names stand for.
  private(set) var statistics: [String: Statistic] = [:]
  /// Of each output.
  private(set) var provenances: [Provenance] = []

  /// Where each node of the program is in the plan, and what it is made from.
  private var places: [(index: Int, provenance: Provenance)] = []

  init(_ program: Graph, inputs: [String: HeldTensor]) throws(Refusal) {
    do throws(GraphError) {
      for node in program.nodes { places.append(try append(node, of: program, inputs)) }
      try graph.setOutputs(program.outputs.map { places[$0].index })
    } catch {
      throw .request("the program does not fit: \(error)")
    }
    provenances = program.outputs.map { places[$0].provenance }
    places = []
  }

  private mutating func append(
    _ node: Graph.Node, of program: Graph, _ inputs: [String: HeldTensor]
  ) throws(GraphError) -> (Int, Provenance) {
    if case .input(let name) = node.operation {
      guard let held = inputs[name] else { throw .missingInput(name) }
      guard held.shape == node.shape else { throw .wrongInputShape(name, expected: node.shape, given: held.shape) }
      return (try graph.appendInput(name, node.shape), held.provenance)
    }
    if case .constant(let value) = node.operation { return (graph.appendConstant(value, node.shape), .open) }
    let sources = node.operands.map { places[$0].provenance }
    let provenance = Provenance.result(of: node.operation, on: sources)
    if let statistic = Provenance.statistic(of: node.operation, on: sources) {
      return (try append(statistic, node, rows: program.nodes[node.operands[0]].shape), provenance)
    }
    return (try graph.append(node.operation, node.operands.map { places[$0].index }), provenance)
  }

  /// An input for the sum; a mean is the sum divided by the number of its summands.
  private mutating func append(_ statistic: Statistic, _ node: Graph.Node, rows: Shape) throws(GraphError) -> Int {
    // No client's name begins so.
    let name = "\0" + ([statistic.tensor, statistic.power] + statistic.axes).map { String($0) }.joined(separator: " ")
    statistics[name] = statistic
    let sum = try graph.appendInput(name, node.shape)
    guard case .mean = node.operation else { return sum }
    let count = statistic.axes.reduce(1) { $0 * rows[$1] }
    return try graph.append(.scale(1 / Float(count)), [sum])
  }
}
