extension CSV {
  /// A table as text that ``parse(_:file:format:)`` reads back equal with `header: .present`: comma separated, a
  /// header, LF line ends, missing values empty, quotes where needed.
  public static func bytes(of table: Table) -> [UInt8] {
    var bytes: [UInt8] = []
    appendRecord(table.columnNames, to: &bytes)
    for row in 0..<table.rowCount {
      appendRecord(table.columns.map { $0[row] }, to: &bytes)
    }
    return bytes
  }

  /// Writes a table to a file.
  public static func write(_ table: Table, to path: String) throws(DatasetError) {
    try ByteFile.write(bytes(of: table), to: path)
  }

  private static func appendRecord(_ cells: [String?], to bytes: inout [UInt8]) {
    for (index, cell) in cells.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      // A record of one missing cell would be a blank line.
      guard let cell, !cell.isEmpty else {
        if cells.count == 1 { bytes += "\"\"".utf8 }
        continue
      }
      append(cell, to: &bytes)
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  private static func append(_ cell: String, to bytes: inout [UInt8]) {
    guard needsQuotes(cell) else {
      bytes += cell.utf8
      return
    }
    bytes.append(CSVScanner.quote)
    for byte in cell.utf8 {
      if byte == CSVScanner.quote { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(CSVScanner.quote)
  }

  private static let special = Set(",;\"\n\r\t".utf8)

  private static func needsQuotes(_ cell: String) -> Bool {
    let blank = UInt8(ascii: " ")
    return cell == "?" || cell == "NA" || cell.utf8.first == blank || cell.utf8.last == blank
      || cell.unicodeScalars.first == "\u{FEFF}" || cell.utf8.contains(where: special.contains)
  }
}
