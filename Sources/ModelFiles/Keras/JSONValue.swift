import Foundation

/// Any JSON, for settings whose form depends on the layer.
enum JSONValue: Decodable {
  case null
  case truth(Bool)
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .truth(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .list(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  init?(parsing text: String) {
    guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) else { return nil }
    self = value
  }

  subscript(key: String) -> JSONValue {
    if case .object(let entries) = self { return entries[key] ?? .null }
    return .null
  }

  var isNull: Bool { if case .null = self { true } else { false } }
  var text: String? { if case .text(let value) = self { value } else { nil } }
  var truth: Bool? { if case .truth(let value) = self { value } else { nil } }
  var number: Double? { if case .number(let value) = self { value } else { nil } }
  var list: [JSONValue]? { if case .list(let values) = self { values } else { nil } }

  var integer: Int? {
    guard let number, number == number.rounded(), abs(number) < 1e9 else { return nil }
    return Int(number)
  }

  /// Whole numbers: a list of them, or one.
  var integers: [Int]? {
    if let integer { return [integer] }
    guard let list else { return nil }
    let found = list.compactMap(\.integer)
    return found.count == list.count ? found : nil
  }
}
