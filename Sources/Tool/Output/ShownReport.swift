import Foundation
import Tacit

/// What a demo or an audit found, as it is shown: in text, as JSON and as a page.
protocol ShownReport: Encodable {
  func text(colours: Bool) -> String
  var html: String { get }
}

extension CreditReport: ShownReport {}
extension DemoReport: ShownReport {}
extension AuditReport: ShownReport {}
extension CanaryStory.Report: ShownReport {}

extension ShownReport {
  /// Writes report.json and report.html into a folder, which is made, and prints the report.
  func show(in folder: String, json: Bool) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let text = try JSONOutput.text(self)
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/report.json"), options: .atomic)
    try Data(html.utf8).write(to: URL(fileURLWithPath: folder + "/report.html"), options: .atomic)
    if json {
      print(text)
    } else {
      print(self.text(colours: isatty(STDOUT_FILENO) != 0))
      print("  \(folder)/report.html shows it, \(folder)/report.json has the figures\n")
    }
  }
}
