/// Which operators are read, and by what.
extension ONNXReader {
  static let rules: [String: Rule] = {
    var rules: [String: Rule] = [:]
    func add(_ rule: @escaping Rule, _ kinds: String...) { for kind in kinds { rules[kind] = rule } }
    add(binary, "Add", "Sub", "Mul", "Div", "Min", "Max", "Sum", "Mean")
    add(comparison, "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal")
    add(unary, "Relu", "Sigmoid", "Tanh", "Exp", "Log", "Neg", "Reciprocal", "Abs", "Sqrt", "Softplus", "Erf")
    add(activation, "LeakyRelu", "PRelu", "Elu", "Selu", "HardSigmoid", "Gelu", "Clip", "Softmax", "LogSoftmax")
    add(power, "Pow")
    add(choice, "Where")
    add(logic, "Not", "And", "Or")
    add(product, "Gemm", "MatMul")
    add(convolution, "Conv")
    add(transposedConvolution, "ConvTranspose")
    add(pooling, "AveragePool", "MaxPool")
    add(globalPooling, "GlobalAveragePool", "GlobalMaxPool")
    add(batchNormalization, "BatchNormalization")
    add(normalization, "LayerNormalization", "InstanceNormalization", "GroupNormalization")
    add(reduction, "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin")
    add(argmax, "ArgMax")
    add(form, "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Expand")
    add(same, "Identity", "Dropout", "Cast")
    add(concatenation, "Concat")
    add(split, "Split")
    add(cut, "Slice")
    add(selection, "Gather")
    add(padding, "Pad")
    add(resizing, "Resize", "Upsample")
    add(constant, "Constant")
    add(constantOfShape, "ConstantOfShape")
    add(shapeOf, "Shape")
    return rules
  }()
}
