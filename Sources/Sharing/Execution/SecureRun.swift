import Graphs
import Tensors

/// One execution of a graph on shares.
///
/// Nodes are visited in order. What is silent is done at once; what needs other parties is collected until nothing silent
/// is left, then one kind of work is done for all nodes that wait for it.
struct SecureRun<Scheme: SharingScheme> {
  typealias Share = Scheme.Share

  /// What is known of a node.
  enum Value {
    case share(Share)
    /// Has `surplus` more fraction bits than the working precision.
    case product(Scheme.Product, surplus: Int)
    /// The same public number in every scalar.
    case constant(Float, Shape)
    /// Whether a relation holds, for nodes that only choose by it.
    case bits(Scheme.Bits)
    /// This party's summand of what all bring by themselves.
    case own(RingTensor)
  }

  /// What a node whose operands are known can do next.
  enum Readiness {
    case done(Value)
    /// Waits for products among its operands to be truncated.
    case truncation(of: [Int])
    case product(Multiplication<Share>)
    /// Waits for its turn at this kind of work.
    case talk(Work)
  }

  let graph: Graph
  let arithmetic: FixedPointArithmetic<Scheme>
  /// Public values of inputs.
  let numbers: [String: Float]
  /// What this party brings by itself.
  let own: [String: RingTensor]
  /// Sums with what parties bring, or with noise: they are brought back to shares before anything else is made of them, so that noise in
  /// whole steps hides every digit that is left.
  let ownSums: Set<Int>
  let widths: ComparisonWidths
  let bounds: MagnitudeBounds
  let observer: ((SecureStep) -> Void)?
  let choices: ChoicePlan
  /// Bits that more nodes will choose by.
  var kept = KeptChoices<Scheme>()
  var values: [Value?]
  /// How many nodes and outputs still need each value; one that nobody needs is let go.
  private(set) var uses: [Int]
  var scheme: Scheme { arithmetic.scheme }
  var fractionBits: Int { arithmetic.fractionBits }

  init(
    graph: Graph, arithmetic: FixedPointArithmetic<Scheme>, numbers: [String: Float],
    own: [String: RingTensor], noise: Set<String>, widths: ComparisonWidths, bounds: MagnitudeBounds,
    observer: ((SecureStep) -> Void)?
  ) {
    self.graph = graph
    self.arithmetic = arithmetic
    self.numbers = numbers
    self.own = own
    ownSums = OwnInputs.sums(noise.union(own.keys), in: graph)
    self.widths = widths
    self.bounds = bounds
    self.observer = observer
    choices = ChoicePlan(graph, numbers: numbers)
    values = [Value?](repeating: nil, count: graph.nodes.count)
    uses = [Int](repeating: 0, count: graph.nodes.count)
  }

  mutating func outputs(for inputs: [String: Share]) async throws -> [Share] {
    var remaining = liveNodes()
    while !remaining.isEmpty {
      var products: [(node: Int, Multiplication<Share>)] = []
      var truncations: Set<Int> = []
      var talks: [Work: [Int]] = [:]
      var firstTalk: Work?
      var waiting: [Int] = []
      for node in remaining {
        guard graph.nodes[node].operands.allSatisfy({ values[$0] != nil }) else {
          waiting.append(node)
          continue
        }
        switch try readiness(of: node, inputs: inputs) {
        case .done(let value): settle(node, value)
        case .truncation(let operands):
          truncations.formUnion(operands)
          waiting.append(node)
        case .product(let multiplication):
          products.append((node, multiplication))
          waiting.append(node)
        case .talk(let work):
          talks[work, default: []].append(node)
          firstTalk = firstTalk ?? work
          waiting.append(node)
        }
      }
      if !products.isEmpty {
        let done = try await multiply(products)
        waiting.removeAll { done.contains($0) }
      } else if !truncations.isEmpty {
        try await truncate(truncations.sorted())
      } else if let work = firstTalk, let nodes = talks[work] {
        try await perform(work, nodes)
        waiting.removeAll { nodes.contains($0) }
      }
      remaining = waiting
    }
    return try await finishOutputs()
  }

  /// The nodes that outputs depend on, in order.
  private mutating func liveNodes() -> [Int] {
    for output in graph.outputs { uses[output] += 1 }
    for node in graph.nodes.indices.reversed() where uses[node] > 0 {
      for operand in graph.nodes[node].operands { uses[operand] += 1 }
    }
    return graph.nodes.indices.filter { uses[$0] > 0 }
  }

  /// Keeps a node's value, and lets go of operands that were needed for it alone.
  mutating func settle(_ node: Int, _ value: Value) {
    values[node] = value
    for operand in graph.nodes[node].operands {
      uses[operand] -= 1
      if uses[operand] == 0 { values[operand] = nil }
    }
  }

  /// Tells the scheme which layers it works for.
  func enter(_ nodes: [Int]) {
    var names: [String] = []
    for node in nodes where !graph.nodes[node].layer.isEmpty && !names.contains(graph.nodes[node].layer) {
      names.append(graph.nodes[node].layer)
    }
    scheme.enter(layer: names.joined(separator: " + "))
  }

  /// Tells the observer of a step that is done, before operands are let go.
  func report(_ kind: String, _ nodes: [Int], width: Int? = nil, wrapProbability: Double = 0) {
    guard let observer else { return }
    // Inputs stay with whoever called.
    let inputs = Set(graph.inputs.values)
    let alive = values.indices.filter { values[$0] != nil || inputs.contains($0) } + nodes
    let held = alive.reduce(0) { $0 + graph.nodes[$1].shape.count }
    observer(
      SecureStep(
        kind: kind, nodes: nodes, width: width, heldScalars: held, wrapProbability: wrapProbability))
  }

  private mutating func multiply(_ products: [(node: Int, Multiplication<Share>)]) async throws -> Set<Int> {
    enter(products.map { $0.node })
    let results = try await scheme.multiply(products.map { $0.1 })
    report("multiply", products.map { $0.node })
    for (product, result) in zip(products, results) {
      settle(product.node, .product(result, surplus: fractionBits + (product.1.isDoubled ? 1 : 0)))
    }
    return Set(products.map { $0.node })
  }

  /// Brings products back to the working precision, all in the same rounds.
  mutating func truncate(_ nodes: [Int]) async throws {
    var items: [(node: Int, Truncation<Scheme.Product>, rest: Int)] = []
    var failure = 0.0
    for node in nodes {
      guard case .product(let product, let surplus)? = values[node] else { continue }
      try bounds.check(node, of: graph, surplus: surplus)
      let bits = min(surplus, 32)
      items.append((node, Truncation(product, by: bits, mayFail: true), surplus - bits))
      failure += bounds.wrapProbability(node, of: graph, surplus: surplus)
    }
    guard !items.isEmpty else { return }
    enter(items.map { $0.node })
    let shares = try await arithmetic.truncate(items.map { $0.1 })
    report("truncate", items.map { $0.node }, wrapProbability: failure)
    for (item, share) in zip(items, shares) {
      values[item.node] = item.rest == 0 ? .share(share) : .product(scheme.product(share, by: 1), surplus: item.rest)
    }
    try await truncate(items.filter { $0.rest > 0 }.map { $0.node })
  }

  private mutating func finishOutputs() async throws -> [Share] {
    try await truncate(Set(graph.outputs).sorted())
    return graph.outputs.map { share(of: $0) }
  }

  /// The share of a node that is known and is no product.
  func share(of node: Int) -> Share {
    switch values[node] {
    case .share(let share)?: return share
    case .constant(let value, let shape)?:
      return scheme.constant(RingTensor(repeating: arithmetic.word(Double(value)), shape: shape))
    case .product?, .bits?, .own?, nil: preconditionFailure("node \(node) of the graph is not a share yet")
    }
  }
}
