/// Reads records from the objects that they were taken apart into.
///
/// Every object is checked against its name, and whatever an object names must be one of its children.
package struct ObjectReader {
  private var objects: [ObjectID: StoredObject] = [:]
  private var byteCount = 0

  /// The objects of one message have no more bytes.
  static let largestMessage = 2 << 30

  package init() {}

  package mutating func add(_ bytes: [UInt8], as id: ObjectID) throws(FlowerError) {
    guard ObjectID(of: bytes) == id else { throw .malformedObject("its bytes are not those that its name stands for") }
    byteCount += bytes.count
    guard byteCount <= Self.largestMessage else {
      throw .malformedObject("the message has more than \(Self.largestMessage) bytes")
    }
    objects[id] = try StoredObject(parsing: bytes)
  }

  /// What a message contains; empty where it carries an error.
  package func message(_ id: ObjectID) throws(FlowerError) -> Entries<Record> {
    let message = try object(id, .message)
    guard let root = message.children.first, message.children.count == 1 else {
      guard message.children.isEmpty else { throw .malformedObject("a message has more than one content") }
      return Entries()
    }
    return try records(root)
  }

  package func records(_ id: ObjectID) throws(FlowerError) -> Entries<Record> {
    var records = Entries<Record>()
    for (name, child) in try references(try object(id, .recordDict)) { try records.append(name, try record(child)) }
    return records
  }

  private func record(_ id: ObjectID) throws(FlowerError) -> Record {
    guard let object = objects[id] else { throw .lostObject(id.text) }
    switch object.kind {
    case .metricRecord: return .metrics(try Entries(metricBytes: object.body))
    case .configRecord: return .config(try Entries(configBytes: object.body))
    case .arrayRecord:
      var arrays = Entries<FlowerArray>()
      for (name, child) in try references(object) { try arrays.append(name, try array(child)) }
      return .arrays(arrays)
    case .arrayChunk, .array, .recordDict, .message: throw .malformedObject("a record is none of Flower's three kinds")
    }
  }

  private func array(_ id: ObjectID) throws(FlowerError) -> FlowerArray {
    let object = try object(id, .array)
    let description = try ArrayDescription(object.body)
    // An array may repeat a chunk, so that few objects could name more bytes than there is memory.
    var data: [UInt8] = []
    for place in description.chunks {
      guard object.children.indices.contains(place) else {
        throw .malformedObject("an array names a chunk that it lacks")
      }
      let chunk = try self.object(object.children[place], .arrayChunk).body
      guard data.count + chunk.count <= Self.largestMessage / 2 else {
        throw .malformedObject("an array has more than \(Self.largestMessage / 2) bytes")
      }
      data += chunk
    }
    return FlowerArray(type: description.dtype, shape: description.shape, container: description.stype, data: data)
  }

  private func object(_ id: ObjectID, _ kind: StoredObject.Kind) throws(FlowerError) -> StoredObject {
    guard let object = objects[id] else { throw .lostObject(id.text) }
    guard object.kind == kind else {
      throw .malformedObject("a \(object.kind.rawValue) stands where a \(kind.rawValue) belongs")
    }
    return object
  }

  private func references(_ object: StoredObject) throws(FlowerError) -> [(String, ObjectID)] {
    let known = Set(object.children)
    var references: [(String, ObjectID)] = []
    for (name, text) in try PythonJSON.strings(object.body) {
      guard let id = ObjectID(text), known.contains(id) else {
        throw .malformedObject("a \(object.kind.rawValue) names an object that is not its child")
      }
      references.append((name, id))
    }
    return references
  }
}
