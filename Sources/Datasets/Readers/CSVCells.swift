/// Gathers the cells of a text table column by column, then decides on the header.
struct CSVCells {
  private let file: String
  private let format: CSVFormat
  private let missingTokens: [[UInt8]]
  /// The first record, kept apart while it may be a header.
  private var first: (fields: [CSVScanner.Field], texts: [String], scanner: CSVScanner, line: Int)?
  private var columns: [[String?]] = []
  private var lines: [Int] = []
  /// For each column, the first line with a cell that spells nan or inf.
  private var nonFiniteLines: [Int: Int] = [:]

  init(file: String, format: CSVFormat) {
    self.file = file
    self.format = format
    missingTokens = format.missingTokens.map { Array($0.utf8) }
  }

  mutating func append(_ fields: [CSVScanner.Field], of scanner: CSVScanner, line: Int) throws(DatasetError) {
    guard first != nil else {
      first = (fields, fields.map(scanner.text(of:)), scanner, line)
      columns = [[String?]](repeating: [], count: fields.count)
      return
    }
    guard fields.count == columns.count else {
      throw fault(.wrongFieldCount(expected: columns.count, found: fields.count), line: line)
    }
    for (index, field) in fields.enumerated() {
      columns[index].append(try cell(field, of: scanner, column: index, line: line))
    }
    lines.append(line)
  }

  /// The table, once all records are in.
  mutating func table() throws(DatasetError) -> Table {
    guard let first else { throw fault(.empty, line: 1) }
    let names: [String]
    if format.header == .present || (format.header == .detect && isHeader(first.texts)) {
      guard !lines.isEmpty else { throw fault(.empty, line: 1) }
      try checkHeader(first.texts, line: first.line)
      names = first.texts
    } else {
      for (index, field) in first.fields.enumerated() {
        columns[index].insert(try cell(field, of: first.scanner, column: index, line: first.line), at: 0)
      }
      lines.insert(first.line, at: 0)
      names = Table.defaultNames(columns.count)
    }
    try refuseUnreadableNumbers(names)
    return try Table(name: file, columnNames: names, columns: columns, lines: lines)
  }

  private mutating func cell(
    _ field: CSVScanner.Field, of scanner: CSVScanner, column: Int, line: Int
  ) throws(DatasetError) -> String? {
    let bytes = scanner.bytes[field.range]
    if bytes.isEmpty || (!field.isQuoted && missingTokens.contains { bytes.elementsEqual($0) }) { return nil }
    if DecimalNumber.isNonFinite(bytes) { nonFiniteLines[column] = min(nonFiniteLines[column] ?? line, line) }
    guard format.hasDecimalCommas else { return scanner.text(of: field) }
    if Self.hasThousandsSeparator(bytes) { throw fault(.ambiguousNumber(column: column + 1), line: line) }
    guard DecimalNumber.isSpelled(by: bytes, mark: Self.comma) else { return scanner.text(of: field) }
    return String(decoding: bytes.map { $0 == Self.comma ? Self.point : $0 }, as: UTF8.self)
  }

  private func fault(_ fault: TextFault, line: Int) -> DatasetError {
    .malformedText(file: file, line: line, fault: fault)
  }
}

/// What the first record is.
extension CSVCells {
  private func isHeader(_ texts: [String]) -> Bool {
    guard !lines.isEmpty, !texts.contains(where: looksNumeric) else { return false }
    let standsOverNumbers = zip(texts, columns).contains { text, column in
      let present = column.lazy.compactMap { $0 }
      return !text.isEmpty && !present.isEmpty && present.allSatisfy { DecimalNumber.parse($0) != nil }
    }
    if standsOverNumbers { return true }
    guard Set(texts).count == texts.count, !texts.contains("") else { return false }
    return zip(texts, columns).allSatisfy { text, column in !column.contains(text) }
  }

  private func looksNumeric(_ text: String) -> Bool {
    let bytes = Array(text.utf8)[...]
    return DecimalNumber.isSpelled(by: bytes) || DecimalNumber.isNonFinite(bytes)
      || (format.hasDecimalCommas && DecimalNumber.isSpelled(by: bytes, mark: Self.comma))
  }

  private func checkHeader(_ names: [String], line: Int) throws(DatasetError) {
    var seen: Set<String> = []
    for (index, name) in names.enumerated() {
      guard !name.isEmpty else { throw fault(.unnamedColumn(column: index + 1), line: line) }
      guard seen.insert(name).inserted else { throw fault(.duplicateColumn(name), line: line) }
    }
  }
}

/// Numbers that would be taken for text, or read wrong.
extension CSVCells {
  private static let comma = UInt8(ascii: ",")
  private static let point = UInt8(ascii: ".")

  /// Refuses columns of numbers among which stands nan or inf, and columns of numbers with decimal commas.
  private func refuseUnreadableNumbers(_ names: [String]) throws(DatasetError) {
    for (index, column) in columns.enumerated() {
      let present = column.lazy.compactMap { $0 }
      if let line = nonFiniteLines[index],
        present.allSatisfy({ DecimalNumber.parse($0) != nil || DecimalNumber.isNonFinite(Array($0.utf8)[...]) })
      {
        throw fault(.notFinite(column: names[index]), line: line)
      }
      guard let row = column.firstIndex(where: { $0 != nil }), let first = column[row] else { continue }
      let hasComma = !format.hasDecimalCommas && first.utf8.contains(Self.comma)
      if hasComma, present.allSatisfy({ DecimalNumber.isSpelled(by: $0.utf8, mark: Self.comma) }) {
        throw fault(.decimalCommas(column: names[index]), line: lines[row])
      }
    }
  }

  /// Whether a cell is a number with a point in it, which would be read wrong by a factor of a thousand; text such as
  /// dates, with other groups than of three digits, is none.
  private static func hasThousandsSeparator(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard bytes.contains(point) else { return false }
    if DecimalNumber.isSpelled(by: bytes) { return true }
    let whole = bytes.prefix { $0 != comma }.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
    let groups = whole.split(separator: point, omittingEmptySubsequences: false)
    let areDigits = groups.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } }
    return groups.count > 1 && areDigits && groups.dropFirst().allSatisfy { $0.count == 3 }
  }
}
