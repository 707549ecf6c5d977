/// A message of a Flower run: records, or an error in their place.
public struct FlowerMessage: Hashable, Sendable {
  public enum Content: Hashable, Sendable {
    case records(Entries<Record>)
    case error(code: Int, reason: String)
  }

  public var metadata: FlowerMetadata
  public var content: Content

  public init(metadata: FlowerMetadata, content: Content) {
    self.metadata = metadata
    self.content = content
  }

  /// The message's objects, and the message that announces them; the name of its object is in its metadata.
  package func packed() throws(FlowerError) -> PackedMessage {
    var packer = ObjectPacker()
    var announcement = Flwr_Proto_Message()
    var metadata = metadata
    metadata.messageID = ""
    announcement.metadata = metadata.proto
    var children: [ObjectTree] = []
    switch content {
    case .records(let records): children = [try packer.put(records)]
    case .error(let code, let reason):
      announcement.error.code = Int64(code)
      announcement.error.reason = reason
    }
    let tree = packer.put(.message, children, body: try Wire.bytes(of: announcement))
    announcement.metadata.messageID = tree.id.text
    if case .records = content { announcement.content = Flwr_Proto_RecordDict() }
    return PackedMessage(announcement: announcement, tree: tree, objects: packer.bytes)
  }
}

/// A message on its way out.
package struct PackedMessage: Sendable {
  let announcement: Flwr_Proto_Message
  package let tree: ObjectTree
  package let objects: [ObjectID: [UInt8]]
}
