/// A piece of a Flower message as it is stored and named: `<kind> <ids of its children> <length of its body>`, a zero byte, and its
/// body.
///
/// Ids are separated by commas, and each stands once. Source: flwr 1.42, `supercore/inflatable/inflatable_object.py`.
package struct StoredObject: Hashable, Sendable {
  package enum Kind: String, Sendable {
    case arrayChunk = "ArrayChunk"
    case array = "Array"
    case arrayRecord = "ArrayRecord"
    case metricRecord = "MetricRecord"
    case configRecord = "ConfigRecord"
    case recordDict = "RecordDict"
    case message = "Message"
  }

  package let kind: Kind
  package let children: [ObjectID]
  package let body: [UInt8]

  /// No object is larger, and none has more children.
  static let largest = 64 << 20
  static let mostChildren = 1 << 16

  package init(_ kind: Kind, children: [ObjectID] = [], body: [UInt8]) {
    self.kind = kind
    self.children = children
    self.body = body
  }

  package var bytes: [UInt8] {
    let head = "\(kind.rawValue) \(children.map(\.text).joined(separator: ",")) \(body.count)"
    return Array(head.utf8) + [0] + body
  }

  package init(parsing bytes: [UInt8]) throws(FlowerError) {
    guard bytes.count <= Self.largest else {
      throw .malformedObject("it has \(bytes.count) bytes, and at most \(Self.largest) are read")
    }
    guard let end = bytes.firstIndex(of: 0) else { throw .malformedObject("its head does not end") }
    let words = bytes[..<end].split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard words.count == 3 else { throw .malformedObject("its head is not a kind, children and a length") }
    guard let kind = Kind(rawValue: String(decoding: words[0], as: UTF8.self)) else {
      throw .malformedObject("its kind is none of Flower 1.42's")
    }
    let count = bytes.count - end - 1
    guard words[2].elementsEqual(String(count).utf8) else {
      throw .malformedObject("its head announces another length than the \(count) bytes that follow")
    }
    self.kind = kind
    children = try Self.children(words[1])
    body = Array(bytes[(end + 1)...])
  }

  private static func children(_ list: ArraySlice<UInt8>) throws(FlowerError) -> [ObjectID] {
    guard !list.isEmpty else { return [] }
    guard list.count <= 65 * mostChildren else { throw .malformedObject("it has more than \(mostChildren) children") }
    var children: [ObjectID] = []
    for name in list.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let id = ObjectID(String(decoding: name, as: UTF8.self)) else {
        throw .malformedObject("the name of a child is no SHA-256")
      }
      children.append(id)
    }
    guard Set(children).count == children.count else { throw .malformedObject("a child stands twice in its head") }
    return children
  }
}
