public import Learning
public import Tensors

/// Where each weight of a model lies in one vector: trained weights first, running statistics behind them.
///
/// The order within both is that of the layers, so that every side that knows the model's description agrees on it.
public struct WeightLayout: Hashable, Sendable {
  public struct Entry: Hashable, Sendable {
    public let name: String
    public let shape: Shape
    public let offset: Int
  }

  public let entries: [Entry]
  /// How many values training moves; the others follow the data.
  public let trainedCount: Int
  public let count: Int
  private let orderedNames: [String]

  public init(_ description: ModelDescription) {
    var entries: [Entry] = []
    var offset = 0
    var trainedCount = 0
    for (names, isTrained) in [(description.weightNames, true), (description.statisticNames, false)] {
      for name in names {
        guard let shape = description.shape(ofWeight: name) else { continue }
        entries.append(Entry(name: name, shape: shape, offset: offset))
        offset += shape.count
      }
      if isTrained { trainedCount = offset }
    }
    self.entries = entries
    self.trainedCount = trainedCount
    count = offset
    orderedNames = description.orderedNames
  }

  /// The weights as one vector.
  public func flatten(_ weights: Weights) throws(FederationError) -> [Float] {
    var flat: [Float] = []
    flat.reserveCapacity(count)
    for entry in entries {
      guard let tensor = weights[entry.name], tensor.shape == entry.shape else {
        throw .weightsDoNotFit(entry.name)
      }
      flat += tensor.scalars
    }
    return flat
  }

  /// The weights of a vector, in the model's order.
  public func weights(_ flat: [Float]) throws(FederationError) -> Weights {
    try check(flat, "the model")
    let tensors = Dictionary(
      uniqueKeysWithValues: entries.map { entry in
        (
          entry.name,
          Tensor(shape: entry.shape, scalars: Array(flat[entry.offset..<entry.offset + entry.shape.count]))
        )
      })
    return Weights(orderedNames.compactMap { name in tensors[name].map { (name, $0) } })
  }

  /// - Throws: where a vector has not this layout's length.
  public func check(_ flat: [Float], _ what: String) throws(FederationError) {
    guard flat.count == count else { throw .wrongLength(what, expected: count, given: flat.count) }
  }
}
