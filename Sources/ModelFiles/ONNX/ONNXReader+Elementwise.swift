import Graphs
import Tensors

/// Operators on scalars.
extension ONNXReader {
  func unary() throws(ModelFileError) -> [ONNXValue] {
    let x = try operand(0)
    switch node.kind {
    case "Relu": return [try relu(x)]
    case "Sigmoid": return [try apply(.sigmoid, x)]
    case "Tanh": return [try apply(.tanh, x)]
    case "Exp": return [try apply(.exp, x)]
    case "Log": return [try apply(.log, x)]
    case "Neg":
      if case .integers(let tensor) = x {
        return [.integers(Tensor(shape: tensor.shape, scalars: tensor.scalars.map { 0 &- $0 }))]
      }
      return [try apply(.negate, x)]
    case "Reciprocal": return [try apply(.reciprocal, x)]
    case "Abs": return [try magnitude(x)]
    case "Sqrt": return [try squareRoot(x)]
    case "Softplus":
      // relu(x) + ln(1 + e^−|x|), which never leaves the exponential's domain.
      let tail = try apply(.exp, apply(.negate, magnitude(x)))
      return [try add(relu(x), apply(.log, shift(tail, 1)))]
    default: return [try errorFunction(x)]
    }
  }

  /// `|x| = 2·relu(x) − x`.
  private func magnitude(_ x: ONNXValue) throws(ModelFileError) -> ONNXValue {
    try subtract(scale(relu(x), 2), x)
  }

  private func squareRoot(_ x: ONNXValue) throws(ModelFileError) -> ONNXValue {
    try apply(.multiply, x, apply(.inverseSquareRoot, x))
  }

  func binary() throws(ModelFileError) -> [ONNXValue] {
    var found = try operands()
    guard let first = found.first else { throw node.error("has no operands") }
    if let integers = found.integers, let result = try wholeNumbers(integers) { return [result] }
    if node.opset < 7, found.count == 2, node.flag("broadcast") { found[1] = try aligned(found[1], with: first) }
    var result = first
    for next in found.dropFirst() {
      switch node.kind {
      case "Add", "Sum", "Mean": result = try sum(result, next)
      case "Sub": result = try subtract(result, next)
      case "Mul": result = try scaled(result, next)
      case "Div": result = try quotient(result, next)
      case "Min": result = try smaller(result, next)
      default: result = try larger(result, next)
      }
    }
    return [node.kind == "Mean" ? try scale(result, 1 / Float(found.count)) : result]
  }

  /// Before operator set 7 the second operand's axes were placed from `axis` on.
  private func aligned(_ b: ONNXValue, with a: ONNXValue) throws(ModelFileError) -> ONNXValue {
    let (extents, rank) = (shape(of: b).extents, shape(of: a).rank)
    guard node.has("axis"), extents.count <= rank else { return b }
    let axis = try node.axis(node.integer("axis", default: 0), rank: rank)
    try node.require(axis + extents.count <= rank, "places \(extents.count) axes from axis \(axis) of \(rank)")
    return try reshape(b, extents + Array(repeating: 1, count: rank - axis - extents.count))
  }

  /// A sum; one with a public number needs no constant of the result's shape.
  private func sum(_ a: ONNXValue, _ b: ONNXValue) throws(ModelFileError) -> ONNXValue {
    for (value, other) in [(a, b), (b, a)] {
      if case .floats(let tensor, nil) = other, tensor.count == 1, shape(of: other).rank <= shape(of: value).rank {
        let result = try shift(value, tensor.scalars[0])
        if tensor.scalars[0] == 1 { gelu.noteOnePlus(value, result) }
        return result
      }
    }
    return try add(a, b)
  }

  private func scaled(_ a: ONNXValue, _ b: ONNXValue) throws(ModelFileError) -> ONNXValue {
    if let (x, factor) = gelu.match(a, b, in: graph) { return try scale(apply(.gelu, x), factor) }
    return try multiply(a, b)
  }

  private func quotient(_ a: ONNXValue, _ b: ONNXValue) throws(ModelFileError) -> ONNXValue {
    if case .floats(let tensor, nil) = b, tensor.count == 1, tensor.scalars[0] != 0 {
      return try multiply(a, .floats(Tensor(repeating: 1 / tensor.scalars[0], shape: tensor.shape), name: nil))
    }
    if case .floats = b { return try apply(.multiply, a, apply(.divide, number(1), b)) }
    // x / √v is cheaper by the inverse root, which is there already.
    if case .node(let index) = b, case .multiply = graph.nodes[index].operation {
      let operands = graph.nodes[index].operands
      if case .inverseSquareRoot = graph.nodes[operands[1]].operation,
        graph.nodes[operands[1]].operands == [operands[0]]
      {
        return try multiply(a, .node(operands[1]))
      }
    }
    return try apply(.divide, a, b)
  }

  func power() throws(ModelFileError) -> [ONNXValue] {
    let x = try operand(0)
    guard let exponents = try optionalFloats(1), let exponent = exponents.first,
      exponents.allSatisfy({ $0 == exponent })
    else { throw node.error("needs one public exponent") }
    switch exponent {
    case 0.5: return [try squareRoot(x)]
    case -0.5: return [try apply(.inverseSquareRoot, x)]
    case -1: return [try apply(.reciprocal, x)]
    case 1: return [x]
    case 2...16 where exponent == exponent.rounded(): return [try apply(.power(Int(exponent)), x)]
    default:
      throw node.error("has the exponent \(exponent); whole numbers from 1 to 16, −1, 0.5 and −0.5 are supported")
    }
  }

  func comparison() throws(ModelFileError) -> [ONNXValue] {
    let (a, b) = (try operand(0), try operand(1))
    if let integers = [a, b].integers, let result = try wholeNumbers(integers) { return [result] }
    let relation: Comparison =
      switch node.kind {
      case "Less": .less
      case "LessOrEqual": .lessOrEqual
      case "Greater": .greater
      case "GreaterOrEqual": .greaterOrEqual
      default: .equal
      }
    return [try apply(.compare(relation), a, b)]
  }

  func logic() throws(ModelFileError) -> [ONNXValue] {
    let a = try operand(0)
    if node.kind == "Not" { return [try subtract(number(1), a)] }
    let b = try operand(1)
    let both = try apply(.multiply, a, b)
    return [node.kind == "And" ? both : try subtract(add(a, b), both)]
  }

  func choice() throws(ModelFileError) -> [ONNXValue] {
    let found = try operands()
    guard found.count == 3 else { throw node.error("needs three operands") }
    if let integers = found.integers, let result = try wholeNumbers(integers) { return [result] }
    return [try apply(.select, found)]
  }

  /// `erf(x) = 2Φ(√2·x) − 1`, with Φ from the derivative of gelu, `Φ(u) + u·φ(u)`.
  private func errorFunction(_ x: ONNXValue) throws(ModelFileError) -> ONNXValue {
    let u = try scale(x, 1.414_213_56)
    let density = try scale(apply(.exp, scale(apply(.power(2), u), -0.5)), 0.398_942_28)
    let distribution = try subtract(apply(.geluGradient, u), apply(.multiply, u, density))
    let result = try shift(scale(distribution, 2), -1)
    gelu.noteErrorFunction(of: x, result)
    return result
  }
}
