import Datasets
import Foundation
import Testing

@Suite struct ShakespeareTests {
  /// Oracle: a text whose rows are counted by hand.
  @Test func speechesBecomeRows() throws {
    let text = "First Citizen:\nabcdefghijklmnopqrstuvwxyz\nA: B\n\nALL:\nSpeak.\n"
    let table = try Shakespeare.table(Array(text.utf8), name: "plays")
    #expect(table.columnNames == ["speaker"] + (1...8).reversed().map { "\($0) before" } + ["next"])
    // 32 characters of the first with the ends of lines, then 7: places 0 and 25 are in the first speech.
    #expect(table.rowCount == 2)
    #expect(try table.column("next") == ["a", "z"])
    #expect(try table.column("1 before") == [nil, "y"] && table.column("8 before") == [nil, "r"])
    #expect(try table.column("speaker") == ["First Citizen", "First Citizen"])
  }

  @Test func otherTextsAreRefused() {
    for text in ["", "no speeches here\n", "WHO:\ncafé\n", "WHO:\n7\n"] {
      #expect(throws: DatasetError.self) { try Shakespeare.table(Array(text.utf8), name: "plays") }
    }
  }
}
