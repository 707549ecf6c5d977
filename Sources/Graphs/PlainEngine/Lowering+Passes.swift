import Tensors

// The rewriting passes, in the order they run.
extension Lowering {
  /// An element-wise operation broadcasts by itself, as long as its other operand gives the shape.
  mutating func readThroughBroadcasts() {
    for index in nodes.indices where nodes[index].isBinary {
      for side in 0...1 {
        guard case .broadcast = nodes[nodes[index].operands[side]].operation else { continue }
        let inner = nodes[nodes[index].operands[side]].operands[0]
        let other = nodes[nodes[index].operands[1 - side]].shape
        if nodes[inner].shape.broadcast(with: other) == nodes[index].shape { nodes[index].operands[side] = inner }
      }
    }
  }

  /// `x > 0` is `relu(x) > 0`, and so `x` itself need not be kept.
  mutating func shareReLUBits() {
    var relus: [Int: Int] = [:]
    for index in nodes.indices {
      if case .relu = nodes[index].operation { relus[nodes[index].operands[0]] = index }
      if isPositivityTest(index), let relu = relus[nodes[index].operands[0]] { nodes[index].operands[0] = relu }
    }
  }

  mutating func markReLUGradients() {
    for index in nodes.indices {
      guard case .multiply = nodes[index].operation else { continue }
      let operands = nodes[index].operands
      guard let side = [1, 0].first(where: { isPositivityTest(operands[$0]) }) else { continue }
      let (tested, upstream) = (nodes[operands[side]].operands[0], operands[1 - side])
      guard nodes[tested].shape == nodes[index].shape, nodes[upstream].shape == nodes[index].shape else { continue }
      nodes[index].operands = [tested, upstream]
      nodes[index].fusion = .reluGradient
    }
  }

  private func isPositivityTest(_ index: Int) -> Bool {
    guard case .compare(.greater) = nodes[index].operation, nodes[nodes[index].operands[1]].shape.count == 1,
      case .constant(0) = nodes[nodes[index].operands[1]].operation
    else { return false }
    return true
  }

  /// Values that are other values under another shape.
  mutating func alias() {
    for index in nodes.indices {
      switch nodes[index].operation {
      case .reshape: values[index] = values[nodes[index].operands[0]]
      case .broadcast, .transpose, .slice, .pad, .sum, .mean, .max:
        let operand = nodes[index].operands[0]
        if nodes[operand].shape.extents.filter({ $0 != 1 }) == nodes[index].shape.extents.filter({ $0 != 1 }),
          isIdentity(index)
        {
          values[index] = values[operand]
        }
      default: break
      }
    }
  }

  /// Whether a structural operation or reduction of unchanged extents leaves every scalar where it is.
  private func isIdentity(_ index: Int) -> Bool {
    let operand = nodes[nodes[index].operands[0]].shape
    switch nodes[index].operation {
    case .transpose(let permutation):
      let moved = permutation.filter { operand[$0] != 1 }
      return moved == moved.sorted()
    case .pad, .slice, .sum, .mean, .max: return operand.count == nodes[index].shape.count && operand.count > 0
    default: return true
    }
  }

  mutating func fuse() {
    let isLive = liveNodes(of: outputs, count: nodes.count) { nodes[$0].operands }
    var uses = [Int](repeating: 0, count: nodes.count)
    for index in nodes.indices where isLive[index] && values[index] == index {
      for operand in nodes[index].operands { uses[values[operand]] += 1 }
    }
    for output in outputs { uses[values[output]] += 1 }
    /// What has one reader, and may thus be a part of its reader's step.
    let isOwn = nodes.indices.map { uses[$0] == 1 && values[$0] == $0 }
    for index in nodes.indices where isLive[index] && values[index] == index {
      switch nodes[index].operation {
      case .add: if !fuseBias(index, isOwn) { fuseProduct(index, isOwn) }
      case .relu: fuseReLU(index, isOwn)
      case .shift: fuseBound(index, isOwn)
      case .sum: fuseSquares(index, isOwn)
      default: break
      }
    }
  }

  /// A product with the bias that is added to it.
  private mutating func fuseBias(_ index: Int, _ isOwn: [Bool]) -> Bool {
    for side in 0...1 {
      let (product, bias) = (nodes[index].operands[side], nodes[index].operands[1 - side])
      guard isOwn[product], isProduct(product), nodes[product].shape == nodes[index].shape,
        isBias(nodes[bias].shape, of: product)
      else { continue }
      nodes[index].fusion = .product(product, bias: bias, relu: false)
      nodes[product].fusion = .absorbed
      return true
    }
    return false
  }

  private mutating func fuseReLU(_ index: Int, _ isOwn: [Bool]) {
    let operand = nodes[index].operands[0]
    guard isOwn[operand] else { return }
    if case .product(let product, let bias, false) = nodes[operand].fusion {
      nodes[index].fusion = .product(product, bias: bias, relu: true)
      nodes[operand].fusion = .absorbed
    } else if isProduct(operand), case .none = nodes[operand].fusion {
      nodes[index].fusion = .product(operand, bias: nil, relu: true)
      nodes[operand].fusion = .absorbed
    }
  }

  /// An element-wise product with what is added to it.
  private mutating func fuseProduct(_ index: Int, _ isOwn: [Bool]) {
    for side in 0...1 {
      let (product, other) = (nodes[index].operands[side], nodes[index].operands[1 - side])
      guard isOwn[product], case .multiply = nodes[product].operation, case .none = nodes[product].fusion else {
        continue
      }
      let operands = nodes[product].operands + [other]
      guard operands.allSatisfy({ nodes[$0].shape == nodes[index].shape }) else { continue }
      nodes[index].operands = operands
      nodes[index].fusion = .multiplyAdd
      nodes[product].fusion = .absorbed
      return
    }
  }

  /// `(x − k).relu() + k`
  private mutating func fuseBound(_ index: Int, _ isOwn: [Bool]) {
    let relu = nodes[index].operands[0]
    guard case .shift(let bound) = nodes[index].operation, isOwn[relu], case .relu = nodes[relu].operation,
      case .none = nodes[relu].fusion
    else { return }
    let shifted = nodes[relu].operands[0]
    guard isOwn[shifted], case .shift(-bound) = nodes[shifted].operation, case .none = nodes[shifted].fusion else {
      return
    }
    nodes[index].operands = nodes[shifted].operands
    nodes[index].fusion = .atLeast(bound)
    nodes[relu].fusion = .absorbed
    nodes[shifted].fusion = .absorbed
  }

  /// The squares of each row's scalars, summed.
  private mutating func fuseSquares(_ index: Int, _ isOwn: [Bool]) {
    let square = nodes[index].operands[0]
    guard case .sum(let axes) = nodes[index].operation, axes.sorted() == Array(1..<nodes[square].shape.rank),
      isOwn[square],
      case .multiply = nodes[square].operation, case .none = nodes[square].fusion,
      nodes[square].operands[0] == nodes[square].operands[1]
    else { return }
    nodes[index].operands = [nodes[square].operands[0]]
    nodes[index].fusion = .rowSquares
    nodes[square].fusion = .absorbed
  }

  private func isProduct(_ index: Int) -> Bool {
    switch nodes[index].operation {
    case .matmul, .conv2d: true
    default: false
    }
  }

  private func isBias(_ shape: Shape, of product: Int) -> Bool {
    let result = nodes[product].shape
    return switch nodes[product].operation {
    case .matmul: shape == [result[1]] || shape == [1, result[1]]
    case .conv2d: shape == [result[1], 1, 1] || shape == [1, result[1], 1, 1]
    default: false
    }
  }
}

extension LoweredNode {
  fileprivate var isBinary: Bool {
    switch operation {
    case .add, .subtract, .multiply, .divide, .compare: true
    default: false
    }
  }
}
