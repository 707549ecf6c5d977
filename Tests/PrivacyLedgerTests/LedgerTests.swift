import Foundation
import Privacy
import PrivacyLedger
import Processes
import Testing

@Suite struct LedgerTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-ledger-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private var path: String { folder.appendingPathComponent("ledger.sqlite").path }

  private func ledger(epsilon: Double, delta: Double = 0) throws -> PrivacyLedger {
    let ledger = try PrivacyLedger(path: path)
    try ledger.declare(PrivacyBudget(epsilon: epsilon, delta: delta), for: "people")
    return ledger
  }

  @Test func whatIsReservedCounts() throws {
    let ledger = try ledger(epsilon: 1)
    let first = try ledger.reserve(.pure(epsilon: 0.5), of: "people", purpose: "a count")
    let second = try ledger.reserve(.repeated(.pure(epsilon: 0.25), count: 2), of: "people", purpose: "two sums")
    #expect(throws: LedgerError.self) { try ledger.reserve(.pure(epsilon: 0.01), of: "people", purpose: "more") }
    try ledger.commit(first)
    #expect(throws: LedgerError.notReserved(first)) { try ledger.commit(first) }
    #expect(throws: LedgerError.notWithinReservation(second)) { try ledger.commit(second, repetitions: 3) }
    // Half of the second one did not happen, and can be spent otherwise.
    try ledger.commit(second, repetitions: 1)
    _ = try ledger.reserve(.pure(epsilon: 0.25), of: "people", purpose: "another sum")
    let statement = try #require(try ledger.statements().first)
    #expect(statement.spent == 1 && statement.reservedCount == 1 && statement.committedCount == 2)
    #expect(throws: LedgerError.noBudget(dataset: "others")) {
      try ledger.reserve(.pure(epsilon: 0.1), of: "others", purpose: "")
    }
  }

  /// Sixteen Gaussian releases at δ are far cheaper together than the sum of their ε: composed, not added.
  @Test func eventsAreComposed() throws {
    let ledger = try ledger(epsilon: 2, delta: 1e-5)
    for _ in 0..<16 {
      let number = try ledger.reserve(.gaussian(noiseMultiplier: 8), of: "people", purpose: "")
      try ledger.commit(number)
    }
    let spent = try #require(try ledger.statements().first?.spent)
    let together = try LossAccountant().epsilon(of: .gaussian(noiseMultiplier: 2), delta: 1e-5)
    #expect(abs(spent / together - 1) < 1e-9)
    #expect(throws: LedgerError.self) {
      try ledger.reserve(.unbounded(reason: "raw means"), of: "people", purpose: "")
    }
  }

  @Test func changesFromOutsideAreNoticed() throws {
    do {
      let ledger = try ledger(epsilon: 1)
      for _ in 0..<3 { _ = try ledger.reserve(.pure(epsilon: 0.1), of: "people", purpose: "") }
      try ledger.verify()
    }
    var bytes = try Data(contentsOf: URL(filePath: path))
    let place = try #require(bytes.range(of: Data("0.1".utf8)))
    bytes[place.lowerBound] = UInt8(ascii: "9")
    try bytes.write(to: URL(filePath: path))
    #expect {
      try PrivacyLedger(path: path)
    } throws: {
      guard case LedgerError.tampered = $0 else { return false }
      return ($0 as? LedgerError)?.exitCode == 5
    }
  }

  @Test func budgetsAndFilesThatCannotBe() throws {
    #expect(throws: LedgerError.self) { try PrivacyBudget(epsilon: 0, delta: 0) }
    #expect(throws: LedgerError.self) { try PrivacyBudget(epsilon: 1, delta: 1) }
    #expect(throws: LedgerError.self) { try PrivacyBudget(epsilon: 1, delta: 0, accountant: .gdp) }
    #expect(throws: LedgerError.self) { try PrivacyLedger.existing(path: path) }
    try Data("no database, but a long line of text that SQLite does not take for one".utf8).write(
      to: URL(filePath: path))
    #expect(throws: LedgerError.self) { try PrivacyLedger(path: path) }
  }

  private static var spender: URL {
    let main = [Bundle.main.executableURL, Bundle.main.bundleURL].compactMap { $0 }
    for start in main {
      var folder = start.deletingLastPathComponent()
      for _ in 0..<4 {
        let program = folder.appendingPathComponent("LedgerSpender")
        if FileManager.default.isExecutableFile(atPath: program.path) { return program }
        folder.deleteLastPathComponent()
      }
    }
    var root = URL(filePath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    return root.appendingPathComponent(".build/release/LedgerSpender")
  }

  private func spender(_ count: Int, log: URL) throws -> Process {
    let process = Process()
    process.executableURL = Self.spender
    process.arguments = [path, log.path, "\(count)"]
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  private func log(_ name: String) throws -> URL {
    let log = folder.appendingPathComponent(name)
    try Data().write(to: log)
    return log
  }

  private func size(of file: URL) throws -> Int { try Data(contentsOf: file).count }

  /// Two hundred processes are killed at random moments while they reserve, release and commit: whatever was released is in the
  /// ledger, the chain is whole, and the budget still counts to the last.
  @Test func twoHundredKillsLoseNothing() throws {
    let ledger = try ledger(epsilon: 1e9)
    let log = try log("released")
    var generator = SystemRandomNumberGenerator()
    for start in stride(from: 0, to: 200, by: 4) {
      // Four at a time, which also fight for the file's lock.
      let before = try size(of: log)
      let processes = try (start..<start + 4).map { _ in try spender(10_000, log: log) }
      // At least one of them is in the midst of it.
      while try size(of: log) == before { usleep(200) }
      for process in processes {
        usleep(UInt32.random(in: 0...2000, using: &generator))
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilGone()
        #expect(process.terminationReason == .uncaughtSignal)
      }
    }
    let released = try String(contentsOf: log, encoding: .utf8).split(separator: "\n").compactMap { Int($0) }
    let entries = try ledger.entries()
    var counted: Set<Int> = []
    for entry in entries {
      if case .reserved = entry.body { counted.insert(entry.number) }
    }
    #expect(released.count >= 50)
    #expect(Set(released).isSubset(of: counted) && Set(released).count == released.count)
    let statement = try #require(try ledger.statements().first)
    #expect(abs(try #require(statement.spent) - 0.25 * Double(counted.count)) < 1e-9)
    #expect(statement.reservedCount + statement.committedCount == counted.count)
  }

  /// Two processes, and a budget for one more release: one gets it, the other ends with 4.
  @Test func twoProcessesRaceForTheLast() throws {
    for round in 0..<5 {
      try? FileManager.default.removeItem(atPath: path)
      let ledger = try ledger(epsilon: 1)
      for _ in 0..<3 { _ = try ledger.reserve(.pure(epsilon: 0.25), of: "people", purpose: "") }
      let log = try log("race-\(round)")
      let racers = try (0..<2).map { _ in try spender(1, log: log) }
      for racer in racers { racer.waitUntilGone() }
      #expect(racers.map(\.terminationStatus).sorted() == [0, 4])
      #expect(try ledger.statements().first?.spent == 1)
    }
  }
}
