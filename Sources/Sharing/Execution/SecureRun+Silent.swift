import Foundation
import Graphs
import Tensors

/// What a node can do without a word from others.
extension SecureRun {
  func readiness(of index: Int, inputs: [String: Share]) throws -> Readiness {
    let node = graph.nodes[index]
    let operands = node.operands
    if !ownSums.isEmpty, let waiting = productsAmong(operands.filter(ownSums.contains)) {
      return .truncation(of: waiting)
    }
    switch node.operation {
    case .input(let name):
      if let number = numbers[name] { return .done(.constant(number, node.shape)) }
      if let own = own[name] { return .done(.own(own)) }
      guard let share = inputs[name] else { throw SharingError.missingShare(name) }
      guard share.shape == node.shape else {
        throw SharingError.wrongShape(name, expected: node.shape, given: share.shape)
      }
      return .done(.share(share))
    case .constant(let value): return .done(.constant(value, node.shape))
    case .add: return sum(operands[0], operands[1], shape: node.shape, sign: 1)
    case .subtract: return sum(operands[0], operands[1], shape: node.shape, sign: -1)
    case .negate: return .done(negated(operands[0]))
    case .shift(let offset): return try shifted(index, by: offset)
    case .scale(let factor): return scaled(operands[0], by: factor)
    case .multiply:
      if choices.bitsOperand[index] != nil { return talk(.choose, operands) }
      for (factor, operand) in [(operands[1], operands[0]), (operands[0], operands[1])] {
        guard case .constant(let number, _)? = values[factor] else { continue }
        if let parts = coarse(number, of: factor, times: operand, at: index) {
          return .done(times(parts, map(values[operand], to: node.shape) { $0.broadcast(to: node.shape) }, node.shape))
        }
        return scaled(operand, by: number, to: node.shape)
      }
      return product(index) { _ in
        .elementwise(node.shape)
      } broadcastingTo: {
        node.shape
      }
    case .matmul, .conv2d, .conv2dInputGradient, .conv2dWeightGradient:
      return product(index) { Bilinear(node.operation, $0) }
    case .sum(let axes):
      return mapped(operands[0], to: node.shape) { $0.summed(axes: axes) }
    case .mean(let axes):
      let count = axes.reduce(1) { $0 * graph.nodes[operands[0]].shape[$1] }
      return averaged(operands[0], over: count, to: node.shape) { $0.summed(axes: axes) }
    case .averagePool2d(let pooling):
      let area = pooling.windowHeight * pooling.windowWidth
      return averaged(operands[0], over: area, to: node.shape) { $0.summedWindows(pooling, to: node.shape) }
    case .averagePool2dGradient(let pooling, _, _):
      let area = pooling.windowHeight * pooling.windowWidth
      return averaged(operands[0], over: area, to: node.shape) { $0.spreadWindows(pooling, to: node.shape) }
    case .broadcast(let shape): return mapped(operands[0], to: shape) { $0.broadcast(to: shape) }
    case .reshape:
      if case .share(let share)? = values[operands[0]] { return .done(.share(scheme.reshape(share, to: node.shape))) }
      return mapped(operands[0], to: node.shape) { $0.reshaped(to: node.shape) }
    case .transpose(let permutation): return mapped(operands[0], to: node.shape) { $0.transposed(permutation) }
    case .slice(let axis, let start, let end):
      return mapped(operands[0], to: node.shape) { $0.sliced(axis: axis, start..<end) }
    case .pad(let axis, let before, let after):
      return mapped(operands[0], to: node.shape) { $0.padded(axis: axis, before: before, after: after, with: 0) }
    case .gather(let axis, let indices):
      return mapped(operands[0], to: node.shape) { $0.gathered(axis: axis, indices) }
    case .scatter(let axis, let indices, let extent):
      return mapped(operands[0], to: node.shape) { $0.scattered(axis: axis, indices, extent: extent) }
    case .concatenate(let axis):
      if let waiting = productsAmong(operands) { return .truncation(of: waiting) }
      return .done(.share(scheme.concatenate(operands.map { share(of: $0) }, axis: axis)))
    case .relu: return talk(kept.bits(choices.relation[index]) == nil ? .relu : .choose, operands)
    case .sigmoid: return talk(.sigmoid, operands)
    case .tanh: return talk(.tanh, operands)
    case .exp: return talk(.exp, operands)
    case .log: return talk(.log, operands)
    case .reciprocal: return talk(.reciprocal, operands)
    case .inverseSquareRoot: return talk(.inverseSquareRoot, operands)
    case .gelu: return talk(.gelu, operands)
    case .geluGradient: return talk(.geluGradient, operands)
    case .divide: return talk(.divide, operands)
    case .compare:
      guard let bits = kept.bits(choices.relation[index]) else { return talk(.compare, operands) }
      return choices.isBitsOnly[index] ? .done(.bits(bits)) : .talk(.convert)
    case .select: return talk(choices.bitsOperand[index] == nil ? .select : .choose, operands)
    case .max, .argmax, .maxPool2d, .maxPool2dGradient: return talk(.max(index), operands)
    case .softmax, .logSoftmax: return talk(.softmax(index), operands)
    case .power(let exponent): return talk(.power(exponent), operands)
    case .conv2dExampleGradients, .conv2dExampleNorms:
      throw SharingError.notAvailable(operations: [node.operation.name], engine: "secret-sharing")
    }
  }

  /// Those of the operands that still await truncation, or `nil` for none.
  private func productsAmong(_ operands: [Int]) -> [Int]? {
    let waiting = operands.filter {
      if case .product? = values[$0] { true } else { false }
    }
    return waiting.isEmpty ? nil : waiting
  }

  private func talk(_ work: Work, _ operands: [Int]) -> Readiness {
    productsAmong(operands).map { .truncation(of: $0) } ?? .talk(work)
  }

  private func product(
    _ node: Int, _ form: ([Shape]) -> Bilinear?, broadcastingTo shape: () -> Shape? = { nil }
  ) -> Readiness {
    let operands = graph.nodes[node].operands
    if let waiting = productsAmong(operands) { return .truncation(of: waiting) }
    var shares = operands.map { share(of: $0) }
    if let shape = shape() { shares = shares.map { broadcast($0, to: shape) } }
    guard let form = form(shares.map { $0.shape }) else {
      preconditionFailure("a product of shapes \(shares.map { $0.shape }) passed shape inference")
    }
    // Some room is left for what is added before the truncation.
    let isDoubled = scheme.doubles(form) && bounds.hold(node, surplus: fractionBits + 3)
    return .product(Multiplication(form, shares[0], shares[1], isDoubled: isDoubled))
  }

  func broadcast(_ share: Share, to shape: Shape) -> Share {
    share.shape == shape ? share : scheme.map(share, to: shape) { $0.broadcast(to: shape) }
  }

  private func mapped(_ operand: Int, to shape: Shape, _ linear: (RingTensor) -> RingTensor) -> Readiness {
    .done(map(values[operand], to: shape, linear))
  }

  private func map(_ value: Value?, to shape: Shape, _ linear: (RingTensor) -> RingTensor) -> Value {
    switch value {
    case .share(let share)?: return .share(scheme.map(share, to: shape, linear))
    case .product(let product, let surplus)?: return .product(scheme.map(product, to: shape, linear), surplus: surplus)
    case .constant(let value, let old)?:
      let constant = RingTensor(repeating: arithmetic.word(Double(value)), shape: old)
      return .share(scheme.constant(linear(constant)))
    case .bits?, .own?, nil: preconditionFailure("an operand is not known yet")
    }
  }

  private func negated(_ operand: Int) -> Value {
    if case .constant(let value, let shape)? = values[operand] { return .constant(-value, shape) }
    return map(values[operand], to: graph.nodes[operand].shape) { $0.scaled(by: .max) }
  }

  /// a + sign · b; a product and a share meet at the product's precision.
  private func sum(_ a: Int, _ b: Int, shape: Shape, sign: Int) -> Readiness {
    let left = broadcastValue(a, to: shape)
    var right = broadcastValue(b, to: shape)
    if sign < 0 { right = map(right, to: shape) { $0.scaled(by: .max) } }
    switch (left, right) {
    case (.share(let x), .share(let y)): return .done(.share(scheme.add(x, y)))
    case (.product(let x, let surplus), .share(let y)), (.share(let y), .product(let x, let surplus)):
      guard surplus <= highestMeetingSurplus else { return .truncation(of: productsAmong([a, b]) ?? []) }
      return .done(.product(scheme.add(x, scheme.product(y, by: 1 << UInt64(surplus))), surplus: surplus))
    case (.product(let x, let first), .product(let y, let second)):
      // A product that came out doubled and one that did not.
      guard abs(first - second) <= 1 else { return .truncation(of: [a, b]) }
      let sum = scheme.add(raised(x, by: second - first, shape), raised(y, by: first - second, shape))
      return .done(.product(sum, surplus: max(first, second)))
    case (.product(let x, let surplus), .own(let words)), (.own(let words), .product(let x, let surplus)):
      guard surplus <= highestMeetingSurplus else { return .truncation(of: productsAmong([a, b]) ?? []) }
      return .done(.product(scheme.add(x, own: words.scaled(by: 1 << UInt64(surplus))), surplus: surplus))
    case (.share(let x), .own(let words)), (.own(let words), .share(let x)):
      // A share that is no product is made one, which is masked before it is brought back.
      let factor: UInt64 = 1 << UInt64(fractionBits)
      let product = scheme.add(scheme.product(x, by: factor), own: words.scaled(by: factor))
      return .done(.product(product, surplus: fractionBits))
    case (.constant, _), (_, .constant), (.bits, _), (_, .bits), (.own, .own):
      preconditionFailure("constants were turned into shares")
    }
  }

  /// The product with so many more fraction bits, if any.
  private func raised(_ product: Scheme.Product, by bits: Int, _ shape: Shape) -> Scheme.Product {
    bits > 0 ? scheme.scale(product, by: 1 << UInt64(bits)) : product
  }

  /// The operand with constants made shares.
  private func broadcastValue(_ operand: Int, to shape: Shape) -> Value {
    if case .constant(let value, _)? = values[operand] {
      return .share(scheme.constant(RingTensor(repeating: arithmetic.word(Double(value)), shape: shape)))
    }
    guard graph.nodes[operand].shape != shape, let value = values[operand] else {
      return values[operand] ?? .constant(0, shape)
    }
    return map(value, to: shape) { $0.broadcast(to: shape) }
  }

  private func shifted(_ node: Int, by offset: Float) throws -> Readiness {
    let operand = graph.nodes[node].operands[0]
    let shape = graph.nodes[operand].shape
    switch values[operand] {
    case .share(let share)?: return .done(.share(arithmetic.add(share, Double(offset))))
    case .product(let product, let surplus)?:
      guard surplus <= highestMeetingSurplus else { return .truncation(of: [operand]) }
      let constant = scheme.constant(RingTensor(repeating: arithmetic.word(Double(offset)), shape: shape))
      return .done(.product(scheme.add(product, scheme.product(constant, by: 1 << UInt64(surplus))), surplus: surplus))
    case .constant(let value, let shape)?:
      try arithmetic.check(value + offset, of: graph.nodes[node])
      return .done(.constant(value + offset, shape))
    case .bits?, .own?, nil: preconditionFailure("an operand is not known yet")
    }
  }

  private func scaled(_ operand: Int, by factor: Float, to shape: Shape? = nil) -> Readiness {
    let target = shape ?? graph.nodes[operand].shape
    let parts = PublicFactor(factor, significantBits: fractionBits)
    return scaled(operand, by: parts, to: target) { $0.broadcast(to: target) }
  }

  /// A sum over `count` scalars, divided by their number. A sum is larger than its scalars, so the factor gives up
  /// precision before the product leaves its range.
  private func averaged(
    _ operand: Int, over count: Int, to shape: Shape, _ sum: (RingTensor) -> RingTensor
  ) -> Readiness {
    let parts = PublicFactor(
      1 / Float(max(count, 1)), significantBits: fractionBits, highestSurplus: highestMeetingSurplus)
    return scaled(operand, by: parts, to: shape, sum)
  }

  /// The surplus up to which a share may be lifted to a product's precision: it leaves 12 bits before the point.
  private var highestMeetingSurplus: Int { 50 - fractionBits }

  /// A linear map of the operand times a public factor. Powers of two only move the point; other factors keep
  /// `fractionBits` significant bits and are truncated later.
  private func scaled(
    _ operand: Int, by parts: PublicFactor, to shape: Shape, _ linear: (RingTensor) -> RingTensor
  ) -> Readiness {
    if case .product(_, let surplus)? = values[operand], !parts.isPowerOfTwo || surplus + parts.surplus > 60 {
      return .truncation(of: [operand])
    }
    return .done(times(parts, map(values[operand], to: shape, linear), shape))
  }

  private func times(_ parts: PublicFactor, _ value: Value, _ shape: Shape) -> Value {
    switch value {
    case .share(let share):
      guard parts.surplus > 0 else { return .share(scheme.scale(share, by: parts.word)) }
      return .product(scheme.product(share, by: parts.word), surplus: parts.surplus)
    case .product(let product, let surplus):
      let scaled = parts.word == 1 ? product : scheme.scale(product, by: parts.word)
      return .product(scaled, surplus: surplus + parts.surplus)
    case .constant, .bits, .own: preconditionFailure("constants were turned into shares")
    }
  }

  /// A number given for the run, such as a learning rate, with so few digits that a product which nothing else needs is
  /// truncated once, after it: a relative error below 2⁻¹¹. `nil` where digits or range would be too few.
  private func coarse(_ number: Float, of factor: Int, times operand: Int, at node: Int) -> PublicFactor? {
    guard case .input = graph.nodes[factor].operation, uses[operand] == 1,
      case .product(_, let surplus)? = values[operand], surplus < 32, bounds.hold(node, surplus: 32)
    else { return nil }
    let parts = PublicFactor(number, significantBits: fractionBits, highestSurplus: 32 - surplus)
    // Of the number, not of the rounded word: numbers of one form must have one answer.
    let digits = abs(Double(number)) * Double(sign: .plus, exponent: parts.surplus, significand: 1)
    return !parts.isPowerOfTwo && digits >= 1024 ? parts : nil
  }
}

/// A public factor as word · 2^−surplus.
struct PublicFactor: Equatable {
  var word: UInt64
  var surplus: Int
  var isPowerOfTwo: Bool

  init(_ factor: Float, significantBits: Int, highestSurplus: Int = 60) {
    let value = Double(factor)
    guard value != 0 else {
      (word, surplus, isPowerOfTwo) = (0, 0, true)
      return
    }
    let exponent = Int(value.exponent)
    isPowerOfTwo = value.significand == 1
    if value == value.rounded(), abs(value) < 1_048_576 {
      word = UInt64(bitPattern: Int64(value))
      surplus = 0
    } else if isPowerOfTwo, exponent < 0 {
      word = value < 0 ? .max : 1
      surplus = min(-exponent, 60)
    } else {
      surplus = max(0, min(significantBits - 1 - exponent, highestSurplus))
      word = UInt64(bitPattern: Int64((value * Double(sign: .plus, exponent: surplus, significand: 1)).rounded()))
    }
  }
}
