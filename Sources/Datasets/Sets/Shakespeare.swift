/// Shakespeare's plays as a table for guessing the next character: a row for one place in 25 of what is said.
///
/// Columns are `speaker`, which rows are dealt among workers by (`partition: {byColumn: speaker}`) and which is no feature; the eight
/// characters before the place, the nearest being `1 before`; and `next`. What lies before a speech begins is missing.
///
/// - Source: A. Karpathy, *The Unreasonable Effectiveness of Recurrent Neural Networks*, 2015, for the text; H. B. McMahan et al.,
///   *Communication-Efficient Learning of Deep Networks from Decentralized Data*, AISTATS 2017, for speakers as workers.
package enum Shakespeare {
  static let window = 8
  /// More than the window: no character stands in two rows.
  static let stride = 25

  /// All that occur, 65.
  static let characters: [String] =
    "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".map(label)

  static let columns = ["speaker"] + features + ["next"]
  private static let features = (1...window).reversed().map { "\($0) before" }

  static let schema = Schema(
    features: features.map { Schema.Column($0, .categorical(categories: characters)) },
    target: Schema.Target("next", .classes(characters)))

  /// How a character is written in a table.
  static func label(_ character: Character) -> String {
    switch character {
    case "\n": "newline"
    case " ": "space"
    default: String(character)
    }
  }

  /// The rows of a text in which a speaker's name and a colon stand on a line of their own, behind an empty line.
  ///
  /// - Throws: where there are no speeches, or a character is not of ``characters``.
  package static func table(_ bytes: [UInt8], name: String) throws(DatasetError) -> Table {
    let known = Set(characters)
    var cells = [[String?]](repeating: [], count: columns.count)
    var place = 0
    for speech in speeches(bytes) {
      let labels = speech.text.map(label)
      guard labels.allSatisfy(known.contains) else {
        throw .malformedFile(file: name, reason: "a character is none of the 65 of the plays; fetch the file again")
      }
      for (index, next) in labels.enumerated() {
        defer { place += 1 }
        guard place.isMultiple(of: stride) else { continue }
        cells[0].append(speech.speaker)
        for back in 1...window {
          cells[1 + window - back].append(index >= back ? labels[index - back] : nil)
        }
        cells[window + 1].append(next)
      }
    }
    guard place > 0 else {
      throw .malformedFile(file: name, reason: "it has no speeches, which begin with NAME: on a line; fetch it again")
    }
    return try Table(name: name, columnNames: columns, columns: cells)
  }

  private static func speeches(_ bytes: [UInt8]) -> [(speaker: String, text: [Character])] {
    var speeches: [(speaker: String, text: [Character])] = []
    var isAfterGap = true
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      defer { isAfterGap = line.isEmpty }
      if isAfterGap, line.last == UInt8(ascii: ":"), line.count > 1 {
        speeches.append((String(decoding: line.dropLast(), as: UTF8.self), []))
      } else if !line.isEmpty, !speeches.isEmpty {
        // A speech's end is told by a line's end, too.
        speeches[speeches.count - 1].text += line.map { Character(UnicodeScalar($0)) } + ["\n"]
      }
    }
    return speeches.filter { !$0.text.isEmpty }
  }
}
