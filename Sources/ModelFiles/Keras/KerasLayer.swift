import Tensors

/// One layer of a Keras model: its settings and its arrays, with errors that name it.
struct KerasLayer {
  /// The class, such as `Conv2D`.
  let kind: String
  let name: String
  let settings: JSONValue
  /// The layers and calls of them that feed each call of this one; none in a chain.
  let calls: [[(layer: String, call: Int)]]
  private let file: HDF5File
  /// Where the file keeps its arrays, by the last part of their names.
  private let arrays: [String: String]

  init(_ entry: JSONValue, in file: HDF5File) throws(ModelFileError) {
    guard let kind = entry["class_name"].text, let name = entry["config"]["name"].text else {
      throw .malformed("the Keras model has a layer without class or name")
    }
    (self.kind, self.name, settings, self.file) = (kind, name, entry["config"], file)
    calls = Self.calls(entry["inbound_nodes"])
    let group = "model_weights/\(name)"
    var arrays: [String: String] = [:]
    for path in try file.texts("weight_names", of: group) ?? [] {
      let last = path.split(separator: "/").last.map(String.init) ?? path
      arrays[last.split(separator: ":").first.map(String.init) ?? last] = "\(group)/\(path)"
    }
    self.arrays = arrays
  }

  /// Keras 2 writes lists `[layer, call, tensor, …]`, Keras 3 the arguments of each call with tensors by their `keras_history`.
  private static func calls(_ nodes: JSONValue) -> [[(layer: String, call: Int)]] {
    (nodes.list ?? []).map { node in
      var found: [(layer: String, call: Int)] = []
      collect(node.list.map { .list($0) } ?? node["args"], into: &found)
      return found
    }
  }

  private static func collect(_ value: JSONValue, into found: inout [(layer: String, call: Int)]) {
    if let history = value["config"]["keras_history"].list ?? value.list,
      history.count >= 3, let layer = history[0].text, let call = history[1].integer
    {
      found.append((layer, call))
    } else {
      for part in value.list ?? [] { collect(part, into: &found) }
    }
  }

  func error(_ why: String) -> ModelFileError { .malformed("the layer \"\(name)\" (\(kind)) \(why)") }

  func has(_ part: String) -> Bool { arrays[part] != nil }

  func array(_ part: String) throws(ModelFileError) -> Tensor<Float> {
    guard let path = arrays[part] else { throw error("has no array \"\(part)\" in the file") }
    return try file.floats(path)
  }

  /// An array with so many axes.
  func array(_ part: String, rank: Int) throws(ModelFileError) -> Tensor<Float> {
    let tensor = try array(part)
    guard tensor.shape.rank == rank else {
      throw error("has an array \"\(part)\" of shape \(tensor.shape), where \(rank) axes are due")
    }
    return tensor
  }

  /// Statistics that are given as settings, or else were learned.
  func statistics(_ part: String) throws(ModelFileError) -> [Float] {
    let given = (settings[part].list ?? [settings[part]]).compactMap(\.number).map { Float($0) }
    return given.isEmpty ? try array(part).scalars : given
  }

  func flag(_ key: String, default value: Bool) -> Bool { settings[key].truth ?? value }

  func number(_ keys: String..., default value: Double) -> Double {
    keys.lazy.compactMap { settings[$0].number }.first ?? value
  }

  func text(_ key: String, default value: String) -> String { settings[key].text ?? value }

  /// One positive number for each axis; one alone stands for all.
  func sizes(_ key: String, axes: Int, default value: [Int]? = nil) throws(ModelFileError) -> [Int] {
    guard let found = settings[key].integers ?? value else { throw error("lacks its setting \(key)") }
    let sizes = found.count == 1 ? Array(repeating: found[0], count: axes) : found
    guard sizes.count == axes, sizes.allSatisfy({ (1...1 << 20).contains($0) }) else {
      throw error("has the setting \(key) \(found), which is none for \(axes) axes")
    }
    return sizes
  }

  /// Numbers before and after each axis, as paddings and croppings have them.
  func margins(_ key: String, axes: Int) throws(ModelFileError) -> [(before: Int, after: Int)] {
    let value = settings[key]
    var pairs: [(before: Int, after: Int)] = []
    if axes == 1, let both = value.integers, both.count == 2 {
      pairs = [(both[0], both[1])]
    } else {
      for part in value.list ?? Array(repeating: value, count: axes) {
        guard let numbers = part.integers, let first = numbers.first, let last = numbers.last, numbers.count <= 2 else {
          continue
        }
        pairs.append((first, last))
      }
    }
    guard pairs.count == axes,
      pairs.allSatisfy({ (0...1 << 20).contains($0.before) && (0...1 << 20).contains($0.after) })
    else { throw error("has the setting \(key), which is none for \(axes) axes") }
    return pairs
  }
}
