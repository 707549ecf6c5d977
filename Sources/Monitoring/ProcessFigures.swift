import CoreMetrics
import Foundation

/// What every server tells of its process, by the names that Prometheus' own clients use.
struct ProcessFigures: Sendable {
  private let start = Date()
  private let version: String

  init(version: String) { self.version = version }

  static let descriptions = [
    "tacit_build_info": "The version of the program, as a label.",
    "process_start_time_seconds": "When the process began, in seconds since 1970.",
    "tacit_uptime_seconds": "For how long the server has run.",
    "process_resident_memory_bytes": "Memory of the process that is in use.",
    "process_cpu_seconds_total": "Processor time that the process has taken.",
    "process_open_fds": "Open files and connections of the process.",
  ]

  /// Sets the figures to what they are now.
  func update(_ factory: any MetricsFactory) {
    func set(_ label: String, _ value: Double, _ dimensions: [(String, String)] = []) {
      factory.makeMeter(label: label, dimensions: dimensions).set(value)
    }
    set("tacit_build_info", 1, [("version", version)])
    set("process_start_time_seconds", start.timeIntervalSince1970)
    set("tacit_uptime_seconds", Date().timeIntervalSince(start))
    if let bytes = Self.residentBytes { set("process_resident_memory_bytes", Double(bytes)) }
    set("process_cpu_seconds_total", Self.processorSeconds)
    if let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
      set("process_open_fds", Double(files.count))
    }
  }

  /// `nil` where the system has no `/proc`.
  static var residentBytes: Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
    let words = text.split(separator: " ")
    return words.count > 1 ? Int(words[1]).map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) } : nil
  }

  private static var processorSeconds: Double { Double(clock()) / Double(CLOCKS_PER_SEC) }
}
