import Graphs

/// Which nodes of a graph choose by the same secret bits, and which comparisons need not become numbers.
struct ChoicePlan {
  /// A relation between the values of two nodes; without the second, between a node and zero.
  struct Relation: Hashable {
    let comparison: Comparison
    let left: Int
    let right: Int?
  }

  /// Windows over the values of a node.
  struct Window: Hashable {
    let operand: Int
    let pooling: Pooling
  }

  /// The relation whose bits a node computes or chooses by: of comparisons and rectifiers.
  let relation: [Relation?]
  /// The windows of maxima and their gradients.
  let window: [Window?]
  /// Whether nothing but choices use a comparison's result.
  let isBitsOnly: [Bool]
  /// For products and selections by bits: the operand that holds them.
  let bitsOperand: [Int?]
  private let lastOfRelation: [Relation: Int]
  private let lastOfWindow: [Window: Int]

  init(_ graph: Graph, numbers: [String: Float]) {
    let isPublic = Self.publicNodes(graph, numbers: numbers)
    let relation = graph.nodes.indices.map { Self.relation(of: $0, in: graph) }
    let window = graph.nodes.map { node -> Window? in
      switch node.operation {
      case .maxPool2d(let pooling), .maxPool2dGradient(let pooling):
        Window(operand: node.operands[0], pooling: pooling)
      default: nil
      }
    }
    var isBitsOnly = graph.nodes.map { if case .compare = $0.operation { true } else { false } }
    for output in graph.outputs { isBitsOnly[output] = false }
    for (index, node) in graph.nodes.enumerated() {
      for (place, operand) in node.operands.enumerated() where isBitsOnly[operand] {
        isBitsOnly[operand] = Self.choosesBits(index, place, in: graph, isPublic)
      }
    }
    bitsOperand = graph.nodes.map { node in
      switch node.operation {
      case .select: isBitsOnly[node.operands[0]] ? 0 : nil
      case .multiply: node.operands.firstIndex { isBitsOnly[$0] }
      default: nil
      }
    }
    self.relation = relation
    self.window = window
    self.isBitsOnly = isBitsOnly
    var (lastOfRelation, lastOfWindow) = ([Relation: Int](), [Window: Int]())
    for index in graph.nodes.indices {
      if let relation = relation[index] { lastOfRelation[relation] = index }
      if let window = window[index] { lastOfWindow[window] = index }
    }
    self.lastOfRelation = lastOfRelation
    self.lastOfWindow = lastOfWindow
  }

  func isNeeded(_ relation: Relation, after node: Int) -> Bool { lastOfRelation[relation, default: 0] > node }
  func isNeeded(_ window: Window, after node: Int) -> Bool { lastOfWindow[window, default: 0] > node }

  /// Nodes that are the same public number in every scalar.
  private static func publicNodes(_ graph: Graph, numbers: [String: Float]) -> [Bool] {
    var isPublic: [Bool] = []
    for node in graph.nodes {
      switch node.operation {
      case .constant: isPublic.append(true)
      case .input(let name): isPublic.append(numbers[name] != nil)
      default: isPublic.append(!node.operands.isEmpty && node.operands.allSatisfy { isPublic[$0] })
      }
    }
    return isPublic
  }

  private static func relation(of index: Int, in graph: Graph) -> Relation? {
    let node = graph.nodes[index]
    switch node.operation {
    case .relu: return Relation(comparison: .greater, left: node.operands[0], right: nil)
    case .compare(let comparison):
      let (left, right) = (node.operands[0], node.operands[1])
      // The bits have the shape of the first operand only where that is the result's.
      if graph.nodes[right].operation == .constant(0), graph.nodes[left].shape == node.shape {
        return Relation(comparison: comparison, left: left, right: nil)
      }
      return Relation(comparison: comparison, left: left, right: right)
    default: return nil
    }
  }

  /// Whether a node only chooses by the operand at that place, which is a comparison.
  private static func choosesBits(_ index: Int, _ place: Int, in graph: Graph, _ isPublic: [Bool]) -> Bool {
    let node = graph.nodes[index]
    guard graph.nodes[node.operands[place]].shape == node.shape else { return false }
    switch node.operation {
    case .select: return place == 0 && !node.operands[1...].contains(node.operands[0])
    case .multiply:
      let other = node.operands[1 - place]
      if case .compare = graph.nodes[other].operation { return false }
      return !isPublic[other]
    default: return false
    }
  }
}
