/// JSON as it is, to be taken apart and put together differently; numbers are whole, and not negative.
package enum JSONNode: Codable, Equatable, Sendable {
  case number(UInt64)
  case text(String)
  case list([JSONNode])
  case fields([String: JSONNode])

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(UInt64.self) {
      self = .number(number)
    } else if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let list = try? container.decode([JSONNode].self) {
      self = .list(list)
    } else {
      self = .fields(try container.decode([String: JSONNode].self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .number(let number): try container.encode(number)
    case .text(let text): try container.encode(text)
    case .list(let list): try container.encode(list)
    case .fields(let fields): try container.encode(fields)
    }
  }

  package init(bytes: [UInt8]) { self = .list(bytes.map { .number(UInt64($0)) }) }
}
