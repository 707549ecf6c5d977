import Foundation
import Tacit

/// One line on the terminal that says how far something is; nothing where standard error is no terminal.
struct ProgressLine {
  private let isTerminal = isatty(STDERR_FILENO) != 0

  func show(_ text: String) { write("\r\u{1B}[K" + text) }

  func clear() { write("\r\u{1B}[K") }

  private func write(_ text: String) {
    guard isTerminal else { return }
    FileHandle.standardError.write(Data(text.utf8))
  }
}

/// What a client says while the parties wait for their dealer: a line on standard error each time, terminal or not.
enum WaitingLine {
  static func show(_ progress: DealerProgress) {
    FileHandle.standardError.write(Data("\(progress)\n".utf8))
  }
}
