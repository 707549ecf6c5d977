import Foundation
import Privacy
import PrivacyLedger

/// A process that spends: LedgerSpender LEDGER LOG COUNT. It reserves, writes a line to the log as its release, commits, and
/// so on; it ends with 4 when the budget is spent. Tests kill it at any time.
let arguments = CommandLine.arguments
guard arguments.count == 4, let count = Int(arguments[3]), let log = FileHandle(forWritingAtPath: arguments[2]) else {
  exit(2)
}
do {
  let ledger = try PrivacyLedger.existing(path: arguments[1])
  log.seekToEndOfFile()
  for _ in 0..<count {
    let reservation = try ledger.reserve(.pure(epsilon: 0.25), of: "people", purpose: "a count")
    log.write(Data("\(reservation)\n".utf8))
    try ledger.commit(reservation)
  }
} catch let error as LedgerError {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(Int32(error.exitCode))
}
