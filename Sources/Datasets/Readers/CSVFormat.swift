/// How a text table is written.
public struct CSVFormat: Hashable, Sendable {
  /// What stands between two fields.
  public enum Separator: Hashable, Sendable, CaseIterable {
    case comma, semicolon, tab

    var byte: UInt8 {
      switch self {
      case .comma: UInt8(ascii: ",")
      case .semicolon: UInt8(ascii: ";")
      case .tab: UInt8(ascii: "\t")
      }
    }
  }

  /// Whether the first line names the columns.
  public enum Header: String, Hashable, Sendable {
    case present, absent
    /// Present if the first line has no number and stands over a column of numbers, or, in a table of text, if none
    /// of its fields occurs again below.
    case detect
  }

  /// The separator, or `nil` to find out: the one of tab, semicolon and comma that gives the first rows equal
  /// counts of fields.
  public var separator: Separator?
  public var header: Header
  /// Whether numbers are written as `1,5`; they are stored as `1.5`.
  public var hasDecimalCommas: Bool
  /// Unquoted fields that mean a missing value, as does an empty field.
  public var missingTokens: [String]

  public init(
    separator: Separator? = nil, header: Header = .detect, hasDecimalCommas: Bool = false,
    missingTokens: [String] = ["?", "NA"]
  ) {
    self.separator = separator
    self.header = header
    self.hasDecimalCommas = hasDecimalCommas
    self.missingTokens = missingTokens
  }
}
