/// Which objects a message consists of, each above its children.
public struct ObjectTree: Hashable, Sendable {
  public let id: ObjectID
  public let children: [ObjectTree]

  /// A message, its records, a record, an array, a chunk: five levels. More is no message.
  package static let deepest = 8
  package static let mostObjects = 1 << 18

  init(_ id: ObjectID, children: [ObjectTree] = []) {
    self.id = id
    self.children = children
  }

  /// Reads a protobuf message.
  package init(parsing bytes: [UInt8]) throws(FlowerError) { try self.init(try Wire.message(bytes)) }

  init(_ message: Flwr_Proto_ObjectTree) throws(FlowerError) {
    var left = Self.mostObjects
    try self.init(message, depth: 1, left: &left)
  }

  private init(_ message: Flwr_Proto_ObjectTree, depth: Int, left: inout Int) throws(FlowerError) {
    left -= 1
    guard depth <= Self.deepest, left >= 0 else {
      throw .malformedObject(
        "the message's tree is deeper than \(Self.deepest) or has more than \(Self.mostObjects) objects")
    }
    guard let id = ObjectID(message.objectID) else {
      throw .malformedObject("a name in the message's tree is no SHA-256")
    }
    var children: [ObjectTree] = []
    for child in message.children { children.append(try ObjectTree(child, depth: depth + 1, left: &left)) }
    (self.id, self.children) = (id, children)
  }

  var proto: Flwr_Proto_ObjectTree {
    var message = Flwr_Proto_ObjectTree()
    message.objectID = id.text
    message.children = children.map(\.proto)
    return message
  }

  /// Each object once, behind its children.
  public var leavesFirst: [ObjectID] {
    var (order, seen) = ([ObjectID](), Set<ObjectID>())
    func walk(_ tree: ObjectTree) {
      for child in tree.children { walk(child) }
      if seen.insert(tree.id).inserted { order.append(tree.id) }
    }
    walk(self)
    return order
  }
}
