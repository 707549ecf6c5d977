/// Strict text tables: RFC 4180 quotes; separators comma, semicolon and tab; a byte order mark and LF or CRLF line ends
/// are taken as they come.
///
/// - Blanks around a field are trimmed outside quotes; a quoted field is literal, but an empty one is missing.
/// - Blank lines are allowed at the end only; a lone CR may end the last line.
/// - A malformed row is an error with its line, never skipped. `nan` and `inf` among numbers are refused.
public enum CSV {
  /// Reads a table from bytes; `file` is what errors call it. Never traps, whatever the bytes.
  public static func parse(
    _ bytes: [UInt8], file: String = "table", format: CSVFormat = CSVFormat()
  ) throws(DatasetError) -> Table {
    try TextCheck.check(bytes, file: file)
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    let separator = (format.separator ?? detectSeparator(of: bytes, from: start)).byte
    var cells = CSVCells(file: file, format: format)
    var scanner = CSVScanner(bytes, from: start, separator: separator, file: file)
    var fields: [CSVScanner.Field] = []
    var blankLine: Int?
    while let line = try scanner.nextRecord(into: &fields) {
      if fields.count == 1, fields[0].range.isEmpty, !fields[0].isQuoted {
        blankLine = blankLine ?? line
        continue
      }
      if let blankLine { throw .malformedText(file: file, line: blankLine, fault: .blankLine) }
      try cells.append(fields, of: scanner, line: line)
    }
    return try cells.table()
  }

  /// Reads a table from a file of at most 1 GiB.
  public static func read(path: String, format: CSVFormat = CSVFormat()) throws(DatasetError) -> Table {
    try parse(ByteFile.read(path), file: ByteFile.name(of: path), format: format)
  }

  /// The separator that gives the first records equal counts of fields; else the one most frequent in the first.
  private static func detectSeparator(of bytes: [UInt8], from start: Int) -> CSVFormat.Separator {
    let candidates: [CSVFormat.Separator] = [.tab, .semicolon, .comma]
    let counts = candidates.map { fieldCounts(of: bytes, from: start, separator: $0.byte) }
    for (candidate, counts) in zip(candidates, counts) where counts.first ?? 1 > 1 {
      if Set(counts).count == 1 { return candidate }
    }
    let firsts = zip(candidates, counts.map { $0.first ?? 1 })
    let most = firsts.max { $0.1 < $1.1 }
    return most.map { $0.1 > 1 ? $0.0 : .comma } ?? .comma
  }

  /// How many fields each of the first 32 records has under a separator, as far as they can be read.
  private static func fieldCounts(of bytes: [UInt8], from start: Int, separator: UInt8) -> [Int] {
    var scanner = CSVScanner(bytes, from: start, separator: separator, file: "")
    var fields: [CSVScanner.Field] = []
    var counts: [Int] = []
    while counts.count < 32, let line = try? scanner.nextRecord(into: &fields), line > 0 {
      let isBlank = fields.count == 1 && fields[0].range.isEmpty
      if !isBlank { counts.append(fields.count) }
    }
    return counts
  }
}
