/// Why data could not be read or prepared: what, where and what to do, never the value of a cell.
public enum DatasetError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A named set needs a folder and none was given.
  case noDataFolder(set: String)
  /// A file that should be there is not.
  case missingFile(path: String, set: String?)
  /// A file is there and cannot be read or written.
  case inaccessible(path: String, reason: String)
  /// A file is larger than the limit allows.
  case oversizedFile(path: String, limit: Int)
  /// A text file breaks the rules of its format.
  case malformedText(file: String, line: Int, fault: TextFault)
  /// A binary file breaks the rules of its format.
  case malformedFile(file: String, reason: String)
  /// A cell cannot become a feature or a target.
  case unusableCell(table: String, place: Place, column: String, fault: CellFault)
  /// A table lacks a column; with the nearest name that it has, where that may be told.
  case missingColumn(String, table: String, nearest: String? = nil)
  /// A column cannot be fitted.
  case unusableColumn(String, table: String, reason: String)
  /// Parts that should describe one data set contradict each other.
  case inconsistent(String)
  /// A split or partition that was asked for cannot be made.
  case impossibleSplit(String)

  public var description: String {
    switch self {
    case .noDataFolder(let set):
      "The data set \(set) needs a folder of data: name the one that holds it with --data or TACIT_DATA."
    case .missingFile(let path, let set?):
      "The data set \(set) was looked for at \(path) and is not there: fetch it with tacit data fetch \(set), or "
        + "name another folder with --data or TACIT_DATA."
    case .missingFile(let path, nil): "There is no file at \(path): check the path."
    case .inaccessible(let path, let reason): "The file \(path) \(reason)."
    case .oversizedFile(let path, let limit):
      "The file \(path) is larger than the \(limit) bytes that are read at most: split it."
    case .malformedText(let file, let line, let fault): "\(file), line \(line): \(fault)."
    case .malformedFile(let file, let reason): "\(file): \(reason)."
    case .unusableCell(let table, let place, let column, let fault):
      "\(table), \(place), column \(column): \(fault)."
    case .missingColumn(let column, let table, let nearest?):
      "\(table) has no column \(column): did you mean “\(nearest)”?"
    case .missingColumn(let column, let table, nil):
      "\(table) has no column \(column): check the name, or whether the first line is a header."
    case .unusableColumn(let column, let table, let reason): "\(table), column \(column): \(reason)."
    case .inconsistent(let reason): "\(reason)."
    case .impossibleSplit(let reason): "\(reason)."
    }
  }
}

/// Where a row of a table came from.
public enum Place: Hashable, Sendable, CustomStringConvertible {
  /// A line of the file, from 1.
  case line(Int)
  /// A row of a table that was not read from a file, from 1.
  case row(Int)

  public var description: String {
    switch self {
    case .line(let line): "line \(line)"
    case .row(let row): "row \(row)"
    }
  }
}

/// What is wrong with a line of a text file.
public enum TextFault: Hashable, Sendable, CustomStringConvertible {
  case empty
  case invalidUTF8
  case nulByte
  case blankLine
  case wrongFieldCount(expected: Int, found: Int)
  case tooManyFields(limit: Int)
  case unterminatedQuote
  case strayQuote(column: Int)
  case textAfterQuote(column: Int)
  case strayCarriageReturn
  case notFinite(column: String)
  case decimalCommas(column: String)
  case ambiguousNumber(column: Int)
  case unnamedColumn(column: Int)
  case duplicateColumn(String)

  public var description: String {
    switch self {
    case .empty: "there are no rows; the file must hold at least one"
    case .invalidUTF8: "the bytes are not UTF-8; convert the file to UTF-8"
    case .nulByte: "there is a NUL byte; the file is not text, or not in UTF-8"
    case .blankLine: "the line is blank and rows follow; remove it"
    case .wrongFieldCount(let expected, let found):
      "the row has \(found) \(found == 1 ? "field" : "fields") where the first has \(expected); correct the row, "
        + "or check the separator"
    case .tooManyFields(let limit): "the row has more than the \(limit) fields that are read at most"
    case .unterminatedQuote: "a quoted field opens here and is never closed; close it"
    case .strayQuote(let column):
      "field \(column) has a quote inside; put the whole field in quotes and double the quote"
    case .textAfterQuote(let column): "field \(column) goes on after its closing quote; double the quotes inside it"
    case .strayCarriageReturn: "a carriage return stands inside the line; end lines with LF or CRLF"
    case .notFinite(let column):
      "column \(column) holds nan or inf; write a missing value as an empty field, ? or NA"
    case .decimalCommas(let column):
      "column \(column) seems to be numbers with decimal commas; read the file with decimal commas, or use points"
    case .ambiguousNumber(let column):
      "field \(column) has a point in a file with decimal commas; write numbers without thousands separators"
    case .unnamedColumn(let column): "column \(column) of the header has no name; name it"
    case .duplicateColumn(let name): "the header names column \(name) twice; rename one"
    }
  }
}

/// What is wrong with a cell.
public enum CellFault: Hashable, Sendable, CustomStringConvertible {
  case notANumber
  case notFinite
  case missing
  case unknownCategory
  case unknownLabel

  public var description: String {
    switch self {
    case .notANumber: "the cell is not a number; correct it, or declare the column categorical"
    case .notFinite: "the number is not finite or too large for single precision; correct it"
    case .missing: "the cell is missing and the column allows no missing values; fill it in"
    case .unknownCategory: "the category is not among those of the column; correct it, or let unknown ones be zeros"
    case .unknownLabel: "the label is not among those of the target; correct it"
    }
  }
}
