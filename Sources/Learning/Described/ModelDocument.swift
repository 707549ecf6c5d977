import Settings
import Tensors

/// What says which layers the tensors of a file belong to: a YAML text with the layers as in a job.
///
/// ```yaml
/// input: [1, 28, 28]
/// inputScale: 0.00392157
/// layers:
///   - {conv2d: {filters: 32, kernel: 5}, tensors: {weight: layers.0.weight, bias: layers.0.bias}}
///   - relu
///   - flatten
///   - {dense: 10, tensors: {weight: layers.13.weight, bias: layers.13.bias}, layout: outIn}
/// ```
struct ModelDocument {
  struct Layer {
    var spec: LayerSpec
    /// Names of tensors in the file, by the parts of the layer: `weight`, `bias`, `mean`, `variance`.
    var tensors: [String: String]
    var layout: Layout
    /// Where the layer stands in the text.
    var path: String
  }

  /// How a file orders the axes of a layer's weight.
  enum Layout: String, CaseIterable {
    /// `[out, in]`, `[out, in, height, width]`, as PyTorch.
    case outIn
    /// `[in, out]`, `[height, width, in, out]`, as Keras and JAX.
    case inOut
  }

  var input: Shape
  var layers: [Layer]
  /// What is done to inputs first: times `factor`, plus `offset`.
  var factor: Double
  var offset: Double

  init(parsing text: String) throws(JobError) {
    let root = try JobNode(parsing: text)
    let entries = try root.mapping(["input", "layers", "inputScale", "inputMean", "inputStd"])
    let shape = try root.required("input", in: entries)
    var extents: [Int] = []
    for extent in try shape.sequence(atMost: 7) { extents.append(try extent.integer(in: 1...1 << 30)) }
    guard !extents.isEmpty, Shape.isReasonable(extents) else {
      throw .outOfRange(shape.path, allowed: "the extents of an example, at most 2^40 scalars in all")
    }
    input = Shape(extents)
    let scale = try entries["inputScale"]?.number("a finite number") { $0.isFinite } ?? 1
    let mean = try entries["inputMean"]?.number("a finite number") { $0.isFinite } ?? 0
    let deviation = try entries["inputStd"]?.number("a number above 0") { $0 > 0 && $0.isFinite } ?? 1
    (factor, offset) = (scale / deviation, -mean / deviation)
    let list = try root.required("layers", in: entries)
    layers = []
    for layer in try list.sequence(atMost: 1000) { layers.append(try Self.layer(layer)) }
    if layers.isEmpty { throw .outOfRange(list.path, allowed: "a list of at least one layer") }
  }

  private static func layer(_ node: JobNode) throws(JobError) -> Layer {
    guard !node.isScalar else {
      return Layer(spec: try LayerSpec.parse(node), tensors: [:], layout: .outIn, path: node.path)
    }
    var entries = try node.mapping(LayerSpec.names + ["tensors", "layout"])
    var tensors: [String: String] = [:]
    for (part, name) in try entries.removeValue(forKey: "tensors")?.mapping(["weight", "bias", "mean", "variance"])
      ?? [:]
    {
      tensors[part] = try name.string()
    }
    let layout = try entries.removeValue(forKey: "layout").map { (node) throws(JobError) in
      Layout(rawValue: try node.choice(Layout.allCases.map(\.rawValue))) ?? .outIn
    }
    guard entries.count == 1, let entry = entries.first else {
      throw .wrongType(node.path, expected: "one layer, with tensors and layout beside it")
    }
    let spec = try LayerSpec.parse(entry.key, settings: entry.value)
    return Layer(spec: spec, tensors: tensors, layout: layout ?? .outIn, path: node.path)
  }
}
