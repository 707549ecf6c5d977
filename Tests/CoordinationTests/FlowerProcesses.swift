import Foundation
import Processes
import Testing

/// A SuperLink of flwr 1.42 with stock nodes, as processes that end with the test.
///
/// Where flwr is found: `TACIT_FLWR` names a Python that has it, or `flower-superlink` lies in the path.
final class FlowerProcesses {
  struct Failed: Error, CustomStringConvertible {
    let description: String
  }

  /// The folder of flwr's programs; `nil` where they are not here.
  static let programs: String? = {
    let environment = ProcessInfo.processInfo.environment
    let folders =
      environment["TACIT_FLWR"].map { [URL(fileURLWithPath: $0).deletingLastPathComponent().path] }
      ?? (environment["PATH"] ?? "").split(separator: ":").map(String.init)
    return folders.first { FileManager.default.isExecutableFile(atPath: $0 + "/flower-superlink") }
  }()

  let folder: URL
  let port: Int
  private let ports: ReservedPorts
  private let environment: [String: String]
  private var running: [Process] = []
  private var superLink: Process?
  private let log: FileHandle

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "tacit-flower-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder.appending(path: "home"), withIntermediateDirectories: true)
    ports = try ReservedPorts.take(2)
    port = ports.numbers[0]
    let config = """
      [superlink]
      default = "here"

      [superlink.here]
      address = "127.0.0.1:\(port)"
      insecure = true

      """
    try Data(config.utf8).write(to: folder.appending(path: "home/config.toml"))
    let logFile = folder.appending(path: "log")
    guard FileManager.default.createFile(atPath: logFile.path, contents: nil) else {
      throw Failed(description: "no log can be written")
    }
    log = try FileHandle(forWritingTo: logFile)
    var environment = ProcessInfo.processInfo.environment
    environment["PATH"] = (Self.programs ?? "") + ":" + (environment["PATH"] ?? "")
    environment["FLWR_HOME"] = folder.appending(path: "home").path
    environment["FLWR_TELEMETRY_ENABLED"] = "0"
    environment["FLWR_DISABLE_UPDATE_CHECK"] = "1"
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    environment["OMP_NUM_THREADS"] = "1"
    environment["OPENBLAS_NUM_THREADS"] = "1"
    self.environment = environment
    let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../Examples/flower")
    try FileManager.default.copyItem(at: examples.standardizedFileURL, to: folder.appending(path: "app"))
  }

  deinit {
    for process in running where process.isRunning { process.terminate() }
    for process in running { process.waitUntilGone() }
    try? FileManager.default.removeItem(at: folder)
  }

  private func start(_ program: String, _ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: (Self.programs ?? "") + "/" + program)
    process.arguments = arguments
    process.environment = environment
    process.currentDirectoryURL = folder
    (process.standardInput, process.standardOutput, process.standardError) = (FileHandle.nullDevice, log, log)
    // Threads of tasks block signals, and a process inherits that: it could not be told to end.
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
    running.append(process)
    return process
  }

  var address: String { "127.0.0.1:\(port)" }

  func startSuperLink() async throws {
    superLink = try start(
      "flower-superlink", ["--insecure", "--port", "\(port)", "--disable-runtime-dependency-installation"])
    try await waitForPort(port)
  }

  func killSuperLink() throws {
    let process = try #require(superLink)
    #expect(kill(process.processIdentifier, SIGKILL) == 0)
    process.waitUntilGone()
  }

  /// A stock node with the rows in a folder.
  func startStockNode(data: URL) async throws {
    let own = ports.numbers[1]
    _ = try start(
      "flower-supernode",
      [
        "--insecure", "--superlink", address, "--port", "\(own)", "--node-config", "data=\"\(data.path)\"",
      ])
    try await waitForPort(own)
  }

  /// Runs the example's app; gives its figures when it is done.
  func run(_ settings: [(String, String)]) async throws -> Figures {
    let output = folder.appending(path: "output")
    let text = (settings + [("output", "\"\(output.path)\"")]).map { "\($0)=\($1)" }.joined(separator: " ")
    let command = try start("flwr", ["run", "app", "here", "--run-config", text])
    let figures = output.appending(path: "figures.json")
    try await wait("the run's figures") { FileManager.default.fileExists(atPath: figures.path) }
    command.waitUntilGone()
    return try JSONDecoder().decode(Figures.self, from: try Data(contentsOf: figures))
  }

  struct Figures: Decodable {
    var train: [String: [String: Double]]
    var evaluate: [String: [String: Double]]
  }

  /// The end of what the processes wrote.
  var words: String {
    String(((try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? "").suffix(4000))
  }

  private func waitForPort(_ port: Int) async throws {
    try await wait("port \(port)") { Self.listens(port) }
  }

  /// How long any one thing may take: processes of Python, on a machine that does other things.
  private func wait(_ what: String, until isThere: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(400)
    while !isThere() {
      guard ContinuousClock.now < deadline else { throw Failed(description: "\(what) did not come:\n\(words)") }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  private static func listens(_ port: Int) -> Bool {
    #if canImport(Darwin)
      let descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #else
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}
