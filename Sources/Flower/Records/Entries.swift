/// Values by name, in the order in which they were put; names stand once.
public struct Entries<Value: Hashable & Sendable>: Hashable, Sendable, Sequence {
  public private(set) var names: [String] = []
  private var values: [String: Value] = [:]

  public init() {}

  /// - Throws: ``FlowerError/malformedObject(_:)`` where a name stands twice.
  public init(_ entries: [(String, Value)]) throws(FlowerError) {
    for (name, value) in entries { try append(name, value) }
  }

  /// - Throws: ``FlowerError/malformedObject(_:)`` where the name is there already.
  public mutating func append(_ name: String, _ value: Value) throws(FlowerError) {
    guard values.updateValue(value, forKey: name) == nil else {
      throw .malformedObject("a name stands twice in a record")
    }
    names.append(name)
  }

  public var count: Int { names.count }

  public subscript(name: String) -> Value? { values[name] }

  public func makeIterator() -> AnyIterator<(name: String, value: Value)> {
    var names = names.makeIterator()
    return AnyIterator {
      while let name = names.next() {
        if let value = values[name] { return (name, value) }
      }
      return nil
    }
  }
}

/// What a message contains under a name.
public enum Record: Hashable, Sendable {
  case arrays(Entries<FlowerArray>)
  case metrics(Entries<RecordValue>)
  case config(Entries<RecordValue>)
}
