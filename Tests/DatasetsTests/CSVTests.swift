import Datasets
import Foundation
import Testing

@Suite struct CSVTests {
  func parse(_ text: String, _ format: CSVFormat = CSVFormat(header: .absent)) throws -> [[String?]] {
    try CSV.parse(Array(text.utf8), file: "t.csv", format: format).columns
  }

  @Test(arguments: [
    ("a,b\nc,d", [["a", "c"], ["b", "d"]]),
    ("a,b\r\nc,d\r\n", [["a", "c"], ["b", "d"]]),
    ("a,b\nc,d\r", [["a", "c"], ["b", "d"]]),
    ("\u{FEFF}a,b\nc,d\n\n\n", [["a", "c"], ["b", "d"]]),
    (" a ,\tb \n c,d", [["a", "c"], ["b", "d"]]),
    ("\" a \",\"b,\"\"x\"\"\n2\"\nc , \"d\" ", [[" a ", "c"], ["b,\"x\"\n2", "d"]]),
    ("a,?\nNA,\"?\"", [["a", nil], [nil, "?"]]),
    ("a,\n,\"\"", [["a", nil], [nil, nil]]),
    ("a;b\nc,1;d", [["a", "c,1"], ["b", "d"]]),
    ("a\tb\n\td", [["a", nil], ["b", "d"]]),
    ("Zürich,日本\n😀,é", [["Zürich", "😀"], ["日本", "é"]]),
    ("\"\"\n\"\"", [[nil, nil]]),
  ])
  func readsWhatIsAllowed(text: String, columns: [[String?]]) throws {
    #expect(try parse(text) == columns)
  }

  @Test(arguments: [
    ("", "t.csv, line 1: there are no rows; the file must hold at least one."),
    ("\n\n", "t.csv, line 1: there are no rows; the file must hold at least one."),
    (
      "a,b\nc\n",
      "t.csv, line 2: the row has 1 field where the first has 2; correct the row, or check the separator."
    ),
    (
      "a,b\n\"1\n2\",x\nc,d,e",
      "t.csv, line 4: the row has 3 fields where the first has 2; correct the row, or check the separator."
    ),
    ("a,b\n\"c,d\ne,f", "t.csv, line 2: a quoted field opens here and is never closed; close it."),
    (
      "a,b\nc,d\"e\n",
      "t.csv, line 2: field 2 has a quote inside; put the whole field in quotes and double the quote."
    ),
    ("a,b\n\"c\"x,d", "t.csv, line 2: field 1 goes on after its closing quote; double the quotes inside it."),
    ("a,b\nc\rd,e", "t.csv, line 2: a carriage return stands inside the line; end lines with LF or CRLF."),
    ("a,b\n\nc,d", "t.csv, line 2: the line is blank and rows follow; remove it."),
    ("a,b\nc,\0", "t.csv, line 2: there is a NUL byte; the file is not text, or not in UTF-8."),
    (
      "a,1\nb,2\nc,-NaN\n",
      "t.csv, line 3: column column2 holds nan or inf; write a missing value as an empty field, ? or NA."
    ),
    (
      "inf,x\n2,y\n",
      "t.csv, line 1: column column1 holds nan or inf; write a missing value as an empty field, ? or NA."
    ),
    (
      "1,5;a\n2,25;b\n",
      "t.csv, line 1: column column1 seems to be numbers with decimal commas; read the file with decimal commas, "
        + "or use points."
    ),
  ])
  func refusesWithTheLine(text: String, error: String) {
    #expect(message { _ = try parse(text) } == error)
  }

  @Test(
    arguments: [
      [0xFF, 0xFE, 0x61], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0xC3], [0x80],
      [0xF0, 0x80, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xC3, 0x28],
    ] as [[UInt8]])
  func refusesWhatIsNotUTF8(tail: [UInt8]) {
    let bytes = Array("a,b\n".utf8) + tail
    #expect(
      message { _ = try CSV.parse(bytes, file: "t.csv") }
        == "t.csv, line 2: the bytes are not UTF-8; convert the file to UTF-8.")
  }

  /// The library's own check is the oracle of the hand-written one.
  @Test func agreesWithTheStandardLibraryOnUTF8() {
    var generator = TestGenerator(state: 5)
    let alphabet: [UInt8] = [
      0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5,
    ]
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 1...6, using: &generator)).map { _ in alphabet.randomElement(using: &generator)! }
      let isValid = String(validating: bytes, as: UTF8.self) != nil
      let table = try? CSV.parse(bytes, format: CSVFormat(separator: .comma, header: .absent))
      #expect((table != nil) == isValid, "\(bytes)")
    }
  }

  @Test(arguments: [
    ("x,y\n1,a\n2,b", ["x", "y"]), ("1,a\n2,b", ["column1", "column2"]), ("name,kind\nann,p\nbob,p", ["name", "kind"]),
    ("p,q\nann,p\np,q", ["column1", "column2"]), ("x,y", ["column1", "column2"]), ("?,y\n1,2", ["?", "y"]),
    ("2019,2020\n1,2", ["column1", "column2"]),
  ])
  func detectsTheHeader(text: String, names: [String]) throws {
    #expect(try CSV.parse(Array(text.utf8)).columnNames == names)
  }

  @Test func checksTheHeader() {
    func fault(_ text: String) -> String {
      message { _ = try CSV.parse(Array(text.utf8), file: "t.csv", format: CSVFormat(header: .present)) }
    }
    #expect(fault(",y\n1,2") == "t.csv, line 1: column 1 of the header has no name; name it.")
    #expect(fault("y,y\n1,2") == "t.csv, line 1: the header names column y twice; rename one.")
    #expect(fault("x,y\n") == "t.csv, line 1: there are no rows; the file must hold at least one.")
  }

  @Test func readsDecimalCommas() throws {
    let format = CSVFormat(header: .absent, hasDecimalCommas: true)
    #expect(
      try parse("1,5;a\n-,25e3;01.02.2020\n7;b,c", format) == [["1.5", "-.25e3", "7"], ["a", "01.02.2020", "b,c"]])
    for number in ["1.234", "1.234,5", "1.234.567", "1.5"] {
      #expect(
        message { _ = try parse("1,5;\(number)\n", format) }
          == "t.csv, line 1: field 2 has a point in a file with decimal commas; "
          + "write numbers without thousands separators.")
    }
  }

  @Test func numbersAreDecimal() throws {
    for (text, number) in [
      ("00202", 202), ("-1.50", -1.5), ("+.5", 0.5), ("1.", 1), ("1e3", 1_000), ("2E-2", 0.02), ("0", 0),
    ] as [(String, Double)] {
      #expect(DecimalNumber.parse(text) == number)
    }
    for text in ["", "-", ".", "e5", "1e", "1e+", "0x10", "nan", "inf", "1_000", "1,5", " 1", "1 ", "--1", "١"] {
      #expect(DecimalNumber.parse(text) == nil, "\(text)")
    }
  }

  @Test func numericColumnsNameLineAndColumn() throws {
    let table = try CSV.parse(Array("x,y\n1,a\n\n".utf8), file: "t.csv")
    #expect(
      message { _ = try table.numbers(in: "y") }
        == "t.csv, line 2, column y: the cell is not a number; correct it, or declare the column categorical.")
    #expect(
      message { _ = try table.numbers(in: "z") }
        == "t.csv has no column z: check the name, or whether the first line is a header.")
    let large = try CSV.parse(Array("x\n1e39\n".utf8), file: "t.csv", format: CSVFormat(header: .present))
    #expect(
      message { _ = try large.numbers(in: "x") }
        == "t.csv, line 2, column x: the number is not finite or too large for single precision; correct it.")
  }

  @Test func limitsTheNumberOfFields() {
    let bytes = [UInt8](repeating: UInt8(ascii: ","), count: 70_000)
    #expect(
      message { _ = try CSV.parse(bytes, file: "t.csv") }
        == "t.csv, line 1: the row has more than the 65536 fields that are read at most.")
  }

  @Test func writtenTablesReadBackEqual() throws {
    var generator = TestGenerator(state: 11)
    let pieces = [
      "a", "\"", ",", ";", "\t", "\n", "\r", "\r\n", " ", "?", "NA", "é", "1.5", "0", "😀", "-", "x y", "\u{FEFF}",
    ]
    for _ in 0..<2_000 {
      let columnCount = Int.random(in: 1...4, using: &generator)
      let rowCount = Int.random(in: 1...5, using: &generator)
      func cell() -> String {
        (0..<Int.random(in: 0...3, using: &generator)).map { _ in pieces.randomElement(using: &generator)! }.joined()
      }
      let columns = (0..<columnCount).map { _ in (0..<rowCount).map { _ -> String? in cell() } }
      let names = (0..<columnCount).map { cell() + "n\($0)" }
      let table = try Table(name: "t", columnNames: names, columns: columns)
      let format = CSVFormat(separator: .comma, header: .present)
      let read = try CSV.parse(CSV.bytes(of: table), format: format)
      #expect(read.columns == table.columns && read.columnNames == names)
    }
  }
}
