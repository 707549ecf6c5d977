/// Turns records into objects; equal ones become one.
package struct ObjectPacker {
  package private(set) var bytes: [ObjectID: [UInt8]] = [:]

  package init() {}

  /// How many bytes of an array one object holds.
  static let chunkSize = 5 << 20

  mutating func put(_ kind: StoredObject.Kind, _ children: [ObjectTree] = [], body: [UInt8]) -> ObjectTree {
    var seen = Set<ObjectID>()
    let unique = children.filter { seen.insert($0.id).inserted }
    let object = StoredObject(kind, children: unique.map(\.id), body: body).bytes
    let id = ObjectID(of: object)
    bytes[id] = object
    return ObjectTree(id, children: unique)
  }

  package mutating func put(_ array: FlowerArray) -> ObjectTree {
    let chunks = stride(from: 0, to: max(array.data.count, 1), by: Self.chunkSize).map { start in
      put(.arrayChunk, body: Array(array.data[start..<min(start + Self.chunkSize, array.data.count)]))
    }
    var places: [ObjectID: Int] = [:]
    for chunk in chunks where places[chunk.id] == nil { places[chunk.id] = places.count }
    let order = chunks.compactMap { places[$0.id] }
    return put(.array, chunks, body: Array(ArrayDescription(array, chunks: order).json.utf8))
  }

  mutating func put(_ record: Record) throws(FlowerError) -> ObjectTree {
    switch record {
    case .arrays(let arrays):
      let trees = arrays.map { put($0.value) }
      return put(.arrayRecord, trees, body: Self.references(arrays.names, trees))
    case .metrics(let values): return put(.metricRecord, body: try values.metricBytes())
    case .config(let values): return put(.configRecord, body: try values.configBytes())
    }
  }

  package mutating func put(_ records: Entries<Record>) throws(FlowerError) -> ObjectTree {
    var trees: [ObjectTree] = []
    for entry in records { trees.append(try put(entry.value)) }
    return put(.recordDict, trees, body: Self.references(records.names, trees))
  }

  private static func references(_ names: [String], _ trees: [ObjectTree]) -> [UInt8] {
    Array(PythonJSON.object(zip(names, trees).map { ($0, PythonJSON.string($1.id.text)) }).utf8)
  }
}
