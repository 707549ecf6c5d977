import Foundation
import Privacy
import PrivacyLedger

/// A process that spends: LedgerSpender LEDGER LOG COUNT. It reserves, writes a line to the log as its release, commits, and
/// so on; it ends with 4 when the budget is spent. Tests kill it at any time.
@main enum LedgerSpender {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let count = Int(arguments[3]) else { exit(2) }
    // Lines of several processes must not overwrite each other.
    let log = FileHandle(fileDescriptor: open(arguments[2], O_WRONLY | O_APPEND))
    do {
      try spend(from: arguments[1], log, count)
    } catch {
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      exit(Int32(error.exitCode))
    }
  }

  private static func spend(from path: String, _ log: FileHandle, _ count: Int) throws(LedgerError) {
    let ledger = try PrivacyLedger.existing(path: path)
    for _ in 0..<count {
      let reservation = try ledger.reserve(.pure(epsilon: 0.25), of: "people", purpose: "a count")
      log.write(Data("\(reservation)\n".utf8))
      try ledger.commit(reservation)
    }
  }
}
