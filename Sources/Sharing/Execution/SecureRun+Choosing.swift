import Graphs
import Tensors

/// What chooses by secret bits: rectifiers, comparisons, selections, maxima, and their gradients, which use the same bits.
extension SecureRun {
  private func operand(_ place: Int, of node: Int) -> Share {
    broadcast(share(of: graph.nodes[node].operands[place]), to: graph.nodes[node].shape)
  }

  /// max(x, 0) by the bits x > 0.
  mutating func rectified(_ nodes: [Int], by arithmetic: FixedPointArithmetic<Scheme>) async throws -> [Share] {
    let shares = nodes.map { operand(0, of: $0) }
    let bits = try await arithmetic.positive(shares)
    for (node, bits) in zip(nodes, bits) { keep(bits, of: node) }
    return try await arithmetic.masked(Array(zip(bits, shares)))
  }

  /// Bits where nodes only choose by them, numbers elsewhere.
  mutating func compared(_ nodes: [Int], by arithmetic: FixedPointArithmetic<Scheme>) async throws -> [Value] {
    let items = nodes.compactMap { node -> (Comparison, Share, Share)? in
      guard case .compare(let comparison) = graph.nodes[node].operation else { return nil }
      return (comparison, operand(0, of: node), operand(1, of: node))
    }
    let bits = try await arithmetic.holds(items)
    for (node, bits) in zip(nodes, bits) { keep(bits, of: node) }
    let plain = zip(nodes, bits).filter { !choices.isBitsOnly[$0.0] }.map { $0.1 }
    var numbers = plain.isEmpty ? [] : try await arithmetic.numbers(plain)[...]
    return zip(nodes, bits).map { node, bits in
      choices.isBitsOnly[node] ? .bits(bits) : .share(numbers.removeFirst())
    }
  }

  private mutating func keep(_ bits: Scheme.Bits, of node: Int) {
    if let relation = choices.relation[node] { kept.relations[relation] = bits }
  }

  /// Products, selections and rectifiers whose bits are known, all in two rounds.
  func chosen(_ nodes: [Int]) async throws -> [Share] {
    var rest: [Share?] = []
    let items = nodes.compactMap { node -> (Scheme.Bits, Share)? in
      if graph.nodes[node].operation == .relu {
        rest.append(nil)
        return kept.bits(choices.relation[node]).map { ($0, operand(0, of: node)) }
      }
      guard let place = choices.bitsOperand[node], case .bits(let bits)? = values[graph.nodes[node].operands[place]]
      else { return nil }
      guard graph.nodes[node].operation == .select else {
        rest.append(nil)
        return (bits, operand(1 - place, of: node))
      }
      let otherwise = operand(2, of: node)
      rest.append(otherwise)
      return (bits, scheme.subtract(operand(1, of: node), otherwise))
    }
    precondition(items.count == nodes.count, "a node chooses by bits that are not known")
    return zip(try await arithmetic.masked(items), rest).map { chosen, rest in
      rest.map { scheme.add($0, chosen) } ?? chosen
    }
  }

  /// A maximum, its place, or the gradient of a maximum over windows.
  mutating func largest(_ node: Int, by arithmetic: FixedPointArithmetic<Scheme>) async throws -> Share {
    let operand = share(of: graph.nodes[node].operands[0])
    switch graph.nodes[node].operation {
    case .max(let axis): return try await arithmetic.maximum(operand, axis: axis)
    case .argmax(let axis): return try await arithmetic.argmax(operand, axis: axis)
    case .maxPool2d(let pooling): return try await pooled(node, operand, pooling, by: arithmetic)
    case .maxPool2dGradient(let pooling): return try await routed(node, operand, pooling, by: arithmetic)
    default: preconditionFailure("\(graph.nodes[node].operation.name) is no maximum")
    }
  }

  /// Max pooling; where a gradient needs it, the choice is kept.
  private mutating func pooled(
    _ node: Int, _ operand: Share, _ pooling: Pooling, by arithmetic: FixedPointArithmetic<Scheme>
  ) async throws -> Share {
    let shape = graph.nodes[node].shape
    let windows = gathered(operand, pooling, shape)
    guard let window = choices.window[node], choices.isNeeded(window, after: node) else {
      let largest = try await arithmetic.maximum(windows, axis: 0)
      return scheme.reshape(largest, to: shape)
    }
    let found = try await arithmetic.maximumWithChoice(windows, axis: 0)
    kept.windows[window] = found.1
    return scheme.reshape(found.0, to: shape)
  }

  /// The gradient of max pooling: upstream to the chosen scalar of each window.
  private mutating func routed(
    _ node: Int, _ operand: Share, _ pooling: Pooling, by arithmetic: FixedPointArithmetic<Scheme>
  ) async throws -> Share {
    let upstream = share(of: graph.nodes[node].operands[1])
    let target = graph.nodes[node].shape
    let parts: [Share]
    if let window = choices.window[node], let known = kept.windows[window] {
      if !choices.isNeeded(window, after: node) { kept.windows[window] = nil }
      parts = try await arithmetic.route(upstream, to: known)
    } else {
      let choice = try await arithmetic.choice(gathered(operand, pooling, upstream.shape), axis: 0)
      parts = try await arithmetic.route(upstream, to: choice)
    }
    let count = upstream.shape.count
    let rows = scheme.concatenate(parts.map { scheme.reshape($0, to: [1, count]) }, axis: 0)
    return scheme.map(rows, to: target) { $0.scatteredWindows(pooling, from: upstream.shape, to: target) }
  }

  private func gathered(_ share: Share, _ pooling: Pooling, _ shape: Shape) -> Share {
    scheme.map(share, to: pooling.gatheredShape(shape)) { $0.gatheredWindows(pooling, to: shape) }
  }
}

/// Choices that were made and are needed again.
struct KeptChoices<Scheme: SharingScheme> {
  var relations: [ChoicePlan.Relation: Scheme.Bits] = [:]
  var windows: [ChoicePlan.Window: FixedPointArithmetic<Scheme>.Choice] = [:]

  func bits(_ relation: ChoicePlan.Relation?) -> Scheme.Bits? { relation.flatMap { relations[$0] } }

  /// Forgets bits after the last node that uses them.
  mutating func drop(_ relation: ChoicePlan.Relation, unlessNeededIn plan: ChoicePlan, after node: Int) {
    if !plan.isNeeded(relation, after: node) { relations[relation] = nil }
  }
}
