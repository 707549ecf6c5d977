/// Cuts bytes into the fields of one record after another, by RFC 4180 and nothing laxer.
struct CSVScanner {
  /// Where the text of a field lies, without its quotes and the blanks around it.
  struct Field {
    var range: Range<Int>
    var isQuoted = false
    /// Whether quotes inside are doubled.
    var hasDoubledQuotes = false
  }

  static let fieldLimit = 65_536

  let bytes: [UInt8]
  let separator: UInt8
  let file: String
  private(set) var position: Int
  private(set) var line = 1

  init(_ bytes: [UInt8], from position: Int, separator: UInt8, file: String) {
    self.bytes = bytes
    self.separator = separator
    self.file = file
    self.position = position
  }

  /// The next record's fields and the line it starts on; `nil` at the end.
  mutating func nextRecord(into fields: inout [Field]) throws(DatasetError) -> Int? {
    guard position < bytes.count else { return nil }
    fields.removeAll(keepingCapacity: true)
    let start = line
    repeat {
      guard fields.count < Self.fieldLimit else { throw fault(.tooManyFields(limit: Self.fieldLimit)) }
      fields.append(try nextField(number: fields.count + 1))
    } while try endsWithSeparator(column: fields.count)
    return start
  }

  func text(of field: Field) -> String {
    guard field.hasDoubledQuotes else { return String(decoding: bytes[field.range], as: UTF8.self) }
    var text: [UInt8] = []
    var index = field.range.lowerBound
    while index < field.range.upperBound {
      text.append(bytes[index])
      index += bytes[index] == CSVScanner.quote ? 2 : 1
    }
    return String(decoding: text, as: UTF8.self)
  }

  static let quote = UInt8(ascii: "\"")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  private mutating func nextField(number: Int) throws(DatasetError) -> Field {
    skipBlanks()
    if position < bytes.count, bytes[position] == Self.quote { return try quotedField() }
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == separator || byte == Self.lineFeed || byte == Self.carriageReturn { break }
      guard byte != Self.quote else { throw fault(.strayQuote(column: number)) }
      position += 1
    }
    var end = position
    while end > start, isBlank(bytes[end - 1]) { end -= 1 }
    return Field(range: start..<end)
  }

  private mutating func quotedField() throws(DatasetError) -> Field {
    let opening = line
    position += 1
    var field = Field(range: position..<position, isQuoted: true)
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == Self.lineFeed { line += 1 }
      guard byte == Self.quote else { continue }
      if position < bytes.count, bytes[position] == Self.quote {
        field.hasDoubledQuotes = true
        position += 1
      } else {
        field.range = start..<(position - 1)
        skipBlanks()
        return field
      }
    }
    throw .malformedText(file: file, line: opening, fault: .unterminatedQuote)
  }

  /// Steps over what ends a field: true for a separator, false for the end of the record.
  private mutating func endsWithSeparator(column: Int) throws(DatasetError) -> Bool {
    guard position < bytes.count else { return false }
    switch bytes[position] {
    case separator:
      position += 1
      return true
    case Self.lineFeed:
      position += 1
    case Self.carriageReturn:
      let isLast = position + 1 == bytes.count
      guard isLast || bytes[position + 1] == Self.lineFeed else { throw fault(.strayCarriageReturn) }
      position += isLast ? 1 : 2
    default:
      throw fault(.textAfterQuote(column: column))
    }
    line += 1
    return false
  }

  private mutating func skipBlanks() {
    while position < bytes.count, isBlank(bytes[position]) { position += 1 }
  }

  private func isBlank(_ byte: UInt8) -> Bool {
    (byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")) && byte != separator
  }

  private func fault(_ fault: TextFault) -> DatasetError { .malformedText(file: file, line: line, fault: fault) }
}
