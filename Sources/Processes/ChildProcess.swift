public import Foundation

/// A process of this program, started for a while: it watches its standard input and so ends when its parent does, however
/// that ends.
///
/// `@unchecked Sendable`: `Process` is touched under the lock only.
public final class ChildProcess: @unchecked Sendable {
  /// How a process ended.
  public struct End: Hashable, Sendable {
    public let status: Int32
    /// The one sentence that it left, without the program's name; empty where there is none.
    public let complaint: String
  }

  /// Why it could not be started.
  public struct NotStarted: Error, Hashable, Sendable, CustomStringConvertible {
    public let reason: String

    package init(reason: String) { self.reason = reason }

    public var description: String { "the processes could not be started: \(reason)" }
  }

  public let name: String
  private let lock = NSLock()
  private let process: Process
  private let input: Pipe
  private let log: URL

  /// - Parameter log: where its standard error goes.
  public static func start(
    executable: String, arguments: [String], name: String, log: URL
  ) throws -> ChildProcess {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    let input = Pipe()
    process.standardInput = input
    process.standardOutput = FileHandle.nullDevice
    guard FileManager.default.createFile(atPath: log.path, contents: nil) else {
      throw NotStarted(reason: "\(log.path) cannot be written")
    }
    let errors = try FileHandle(forWritingTo: log)
    defer { try? errors.close() }
    process.standardError = errors
    do { try process.run() } catch { throw NotStarted(reason: "\(executable) cannot be run") }
    return ChildProcess(process, input, log, name)
  }

  private init(_ process: Process, _ input: Pipe, _ log: URL, _ name: String) {
    self.process = process
    self.input = input
    self.log = log
    self.name = name
  }

  public var identifier: Int32 { process.processIdentifier }

  /// How it ended, if it has.
  public var end: End? {
    lock.withLock {
      guard !process.isRunning else { return nil }
      let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
      let prefix = "tacit: "
      let complaint = text.split(separator: "\n").last { $0.hasPrefix(prefix) }?.dropFirst(prefix.count) ?? ""
      return End(status: process.terminationStatus, complaint: String(complaint))
    }
  }

  /// Ends it and waits until it is gone.
  public func stop() {
    lock.withLock {
      try? input.fileHandleForWriting.close()
      process.end()
    }
  }
}

extension Process {
  /// Ends it and waits until it is gone: one that hangs would take for ever, so it is asked first and killed after 2 s.
  package func end() {
    if isRunning { terminate() }
    let end = ContinuousClock.now + .seconds(2)
    while isRunning, ContinuousClock.now < end { Thread.sleep(forTimeInterval: 0.005) }
    if isRunning { kill(processIdentifier, SIGKILL) }
    waitUntilGone()
  }

  /// Waits for its end, whatever thread this is: `waitUntilExit` waits for an event of a run loop, which on Linux may not come to a
  /// thread that has none.
  package func waitUntilGone() {
    while isRunning { Thread.sleep(forTimeInterval: 0.002) }
  }
}
