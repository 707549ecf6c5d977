/// A value of a ConfigRecord, or, where it is a number or numbers, of a MetricRecord.
public enum RecordValue: Hashable, Sendable {
  case double(Double)
  case integer(Int64)
  case unsigned(UInt64)
  case bool(Bool)
  case string(String)
  case bytes([UInt8])
  case doubles([Double])
  case integers([Int64])
  case unsigneds([UInt64])
  case bools([Bool])
  case strings([String])
  case byteStrings([[UInt8]])

  /// A whole number, however it was written; `nil` for anything else.
  public var whole: Int? {
    switch self {
    case .integer(let value): Int(value)
    case .unsigned(let value): Int(exactly: value)
    case .double, .bool, .string, .bytes, .doubles, .integers, .unsigneds, .bools, .strings, .byteStrings: nil
    }
  }

  /// A number, whole or not; `nil` for anything else.
  public var number: Double? {
    if case .double(let value) = self { return value }
    return whole.map(Double.init)
  }

  public var text: String? {
    if case .string(let value) = self { return value }
    return nil
  }
}
