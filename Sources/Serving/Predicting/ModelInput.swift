public import Datasets
import Graphs
public import ModelFiles
public import Tensors

/// What a model takes: what files of examples are read for.
public struct InputForm: Sendable {
  public var inputName: String
  /// Of one example, without the batch axis.
  public var exampleShape: Shape
  public var preprocessing: Preprocessing?

  public init(_ model: ModelFile) {
    (inputName, exampleShape, preprocessing) = (model.inputName, model.exampleShape, model.preprocessing)
  }

  public init(_ card: ModelCard) {
    (inputName, exampleShape, preprocessing) = (card.inputName, card.exampleShape, card.preprocessing)
  }
}

/// Files of examples for a model.
public enum ModelInput {
  /// Reads a batch: `.npy` with the batch as its first axis, `.csv` with the columns that the model was trained on, or a
  /// `.png` picture, which is one example.
  ///
  /// The argument may name the model's input, as `x=FILE`.
  ///
  /// - Parameter whitePixel: what the brightest pixel is to the model; the darkest is 0.
  /// - Throws: `DatasetError` or ``ServingError/badRequest(_:)``, naming the file and what the model takes.
  public static func read(_ argument: String, for form: InputForm, whitePixel: Float = 1) throws -> Tensor<Float> {
    let prefix = form.inputName + "="
    let path = argument.hasPrefix(prefix) ? String(argument.dropFirst(prefix.count)) : argument
    if path.hasSuffix(".npy") { return try shaped(try NPY.read(path: path), for: form, from: path) }
    if path.lowercased().hasSuffix(".png") { return try picture(path, for: form, whitePixel: whitePixel) }
    guard path.hasSuffix(".csv") || path.hasSuffix(".data") else {
      throw ServingError.badRequest("\(path): inputs are .npy, .csv or .png files")
    }
    guard let preprocessing = form.preprocessing else { return try numbers(path, for: form) }
    let table = try CSV.read(path: path, format: CSVFormat(header: .detect))
    return try shaped(try preprocessing.transform(table), for: form, from: path)
  }

  public static func read(_ argument: String, for model: ModelFile) throws -> Tensor<Float> {
    try read(argument, for: InputForm(model))
  }

  /// A picture of the size that the model takes; `[height, width]`, with a first or last axis of 1 or 3 channels, or flat.
  private static func picture(_ path: String, for form: InputForm, whitePixel: Float) throws -> Tensor<Float> {
    let picture = try PNG.read(path: path)
    let (height, width) = (picture.height, picture.width)
    let extents = form.exampleShape.extents
    let channels = [1, 3].first { count in
      [[count, height, width], [height, width, count], [count * height * width]].contains(extents)
        || count == 1 && extents == [height, width]
    }
    guard let channels, let tensor = picture.tensor(channelCount: channels, scale: whitePixel / 255) else {
      throw ServingError.badRequest(
        "\(path): the picture has \(width)x\(height) pixels, the model takes \(form.exampleShape): "
          + "make it that size first")
    }
    let isLast = extents == [height, width, channels] && extents != [channels, height, width]
    let ordered = isLast ? tensor.transposed([1, 2, 0]) : tensor
    return ordered.reshaped(to: Shape([1] + extents))
  }

  /// A table of plain numbers, one example a row.
  private static func numbers(_ path: String, for form: InputForm) throws -> Tensor<Float> {
    let table = try CSV.read(path: path, format: CSVFormat(header: .detect))
    let columns = try table.columnNames.map { try table.numbers(in: $0) }
    var scalars: [Float] = []
    scalars.reserveCapacity(table.rowCount * columns.count)
    for row in 0..<table.rowCount {
      for (index, column) in columns.enumerated() {
        guard let value = column[row] else {
          throw ServingError.badRequest(
            "\(path): row \(row + 1) has no value in column \(table.columnNames[index]), which this model needs")
        }
        scalars.append(Float(value))
      }
    }
    return try shaped(Tensor(shape: [table.rowCount, columns.count], scalars: scalars), for: form, from: path)
  }

  /// The tensor as a batch of the model's examples; a flat example is given its shape.
  static func shaped(_ tensor: Tensor<Float>, for form: InputForm, from path: String) throws -> Tensor<Float> {
    let example = form.exampleShape
    let shape = tensor.shape
    guard shape.rank >= 1, shape[0] > 0 else { throw ServingError.badRequest("\(path): there is no example in it") }
    let rest = Shape(Array(shape.extents.dropFirst()))
    guard rest == example || rest == [example.count] else {
      throw ServingError.badRequest(
        "\(path): each example has shape \(rest), the model takes \(example)")
    }
    return tensor.reshaped(to: Shape([shape[0]] + example.extents))
  }
}

/// Files of predictions.
public enum ModelOutput {
  /// Writes `.npy` in the model's output shape, or `.csv` with one row an example.
  public static func write(_ output: Tensor<Float>, to path: String) throws {
    if path.hasSuffix(".npy") { return try NPY.write(output, to: path) }
    guard path.hasSuffix(".csv") else {
      throw ServingError.badRequest("\(path): predictions are written as .npy or .csv")
    }
    let width = output.shape[0] == 0 ? 0 : output.count / output.shape[0]
    let columns = (0..<width).map { column in
      (0..<output.shape[0]).map { Optional("\(output.scalars[$0 * width + column])") }
    }
    try CSV.write(
      try Table(name: path, columnNames: (0..<width).map { "output\($0)" }, columns: columns), to: path)
  }

  /// What the numbers of an output mean, for people; `nil` where the model does not know.
  public static func meaning(of model: ModelFile) -> String? {
    guard let target = model.preprocessing?.targetTransform else { return nil }
    switch target.kind {
    case .binary(let negative, let positive):
      let isProbability = model.graph.nodes[model.graph.outputs[0]].operation == .sigmoid
      return isProbability
        ? "the probability that \(target.name) is \(positive), row by row:"
        : "\(target.name), row by row; above 0 for \(positive), below for \(negative):"
    case .classes(let labels): return "\(target.name), row by row, for \(labels.joined(separator: ", ")):"
    case .numeric(mean: 0, deviation: 1): return "\(target.name), row by row:"
    case .numeric(let mean, let deviation):
      return "\(target.name), row by row, standardised; times \(Float(deviation)) plus \(Float(mean)) is its own unit:"
    }
  }

  /// The first rows, for people.
  public static func preview(_ output: Tensor<Float>, rows: Int = 5) -> String {
    let width = output.shape[0] == 0 ? 0 : output.count / output.shape[0]
    var lines = (0..<min(rows, output.shape[0])).map { row in
      output.scalars[row * width..<(row + 1) * width].map { "\($0)" }.joined(separator: "  ")
    }
    if output.shape[0] > rows { lines.append("… \(output.shape[0] - rows) more; --output FILE writes them all") }
    return lines.joined(separator: "\n")
  }
}
