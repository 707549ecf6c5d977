import Foundation
import Processes
import TestSupport
import Testing

/// A SuperLink of flwr 1.42 with nodes, as processes that end with the test.
final class FlowerProcesses {
  struct Failed: Error, CustomStringConvertible {
    let description: String
  }

  /// Of TLS: an authority, and the SuperLink's certificate and key.
  struct Certificates {
    let authority: String
    let certificate: String
    let key: String
  }

  let programs: FlowerPrograms
  let folder: URL
  let port: Int
  /// `nil` where it speaks in the clear.
  let certificates: Certificates?
  private let ports: ReservedPorts
  private let environment: [String: String]
  private var running: [Process] = []
  private var superLink: Process?
  private let log: FileHandle

  init(tls: Bool = false) async throws {
    programs = try #require(await FlowerPrograms.here)
    folder = FileManager.default.temporaryDirectory.appending(path: "tacit-flower-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder.appending(path: "home"), withIntermediateDirectories: true)
    ports = try ReservedPorts.take(2)
    port = ports.numbers[0]
    certificates = tls ? try Self.certificates(in: folder) : nil
    let config = """
      [superlink]
      default = "here"

      [superlink.here]
      address = "\(tls ? "localhost" : "127.0.0.1"):\(port)"
      \(certificates.map { "root-certificates = \"\($0.authority)\"" } ?? "insecure = true")

      """
    try Data(config.utf8).write(to: folder.appending(path: "home/config.toml"))
    let logFile = folder.appending(path: "log")
    guard FileManager.default.createFile(atPath: logFile.path, contents: nil) else {
      throw Failed(description: "no log can be written")
    }
    log = try FileHandle(forWritingTo: logFile)
    var environment = ProcessInfo.processInfo.environment
    environment["PATH"] = programs.folder + ":" + (environment["PATH"] ?? "")
    environment["FLWR_HOME"] = folder.appending(path: "home").path
    environment["FLWR_TELEMETRY_ENABLED"] = "0"
    environment["FLWR_DISABLE_UPDATE_CHECK"] = "1"
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    environment["OMP_NUM_THREADS"] = "1"
    environment["OPENBLAS_NUM_THREADS"] = "1"
    self.environment = environment
    let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../Examples/flower")
    try FileManager.default.copyItem(at: examples.standardizedFileURL, to: folder.appending(path: "app"))
    if !programs.hasTorch { try useNumPy() }
  }

  /// Stock nodes without PyTorch.
  private func useNumPy() throws {
    let file = folder.appending(path: "app/pyproject.toml")
    let text = try String(contentsOf: file, encoding: .utf8)
    try text.replacing("tacit_flower.client_app:app", with: "tacit_flower.numpy_client_app:app")
      .write(to: file, atomically: true, encoding: .utf8)
  }

  private static func certificates(in folder: URL) throws -> Certificates {
    let authority = try WebAuthority()
    try authority.save(to: folder.appending(path: "authority.pem").path)
    let (certificate, key) = try authority.issue(in: folder.path)
    return Certificates(authority: folder.appending(path: "authority.pem").path, certificate: certificate, key: key)
  }

  deinit {
    for process in running where process.isRunning { process.terminate() }
    for process in running { process.waitUntilGone() }
    try? FileManager.default.removeItem(at: folder)
  }

  /// Starts a program of flwr, or another one at a path; what it writes goes to the common log unless a file is given.
  @discardableResult
  func start(_ program: String, _ arguments: [String], errors: URL? = nil) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program.hasPrefix("/") ? program : programs.folder + "/" + program)
    process.arguments = arguments
    process.environment = environment
    process.currentDirectoryURL = folder
    (process.standardInput, process.standardOutput) = (FileHandle.nullDevice, log)
    if let errors { _ = FileManager.default.createFile(atPath: errors.path, contents: nil) }
    process.standardError = try errors.map { try FileHandle(forWritingTo: $0) } ?? log
    // Threads of tasks block signals, and a process inherits that: it could not be told to end.
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
    running.append(process)
    return process
  }

  /// Certificates of tests are those of `localhost`.
  var address: String { (certificates == nil ? "127.0.0.1" : "localhost") + ":\(port)" }

  /// With TLS only registered nodes are taken in.
  func startSuperLink() async throws {
    let security =
      certificates.map {
        [
          "--ssl-ca-certfile", $0.authority, "--ssl-certfile", $0.certificate, "--ssl-keyfile", $0.key,
          "--enable-supernode-auth",
        ]
      } ?? ["--insecure"]
    superLink = try start(
      "flower-superlink", security + ["--port", "\(port)", "--disable-runtime-dependency-installation"])
    try await waitForPort(port)
  }

  /// A key that the SuperLink knows.
  func registeredKey(_ name: String) async throws -> String {
    let path = folder.appending(path: name + ".key").path
    try FlowerKeys.write(to: path)
    let command = try start("flwr", ["supernode", "register", path + ".pub", "here"])
    try await wait("the registration") { !command.isRunning }
    guard command.terminationStatus == 0 else { throw Failed(description: "no key was registered:\n\(words)") }
    return path
  }

  private static let conversion = """
    import sys
    from cryptography.hazmat.primitives import serialization as keys
    key = keys.load_pem_private_key(open(sys.argv[1], "rb").read(), None)
    text = key.private_bytes(keys.Encoding.PEM, keys.PrivateFormat.OpenSSH, keys.NoEncryption())
    open(sys.argv[1] + ".ssh", "wb").write(text)
    """

  /// A SuperNode whose ClientApp is a process of its own; gives the address at which it waits for that.
  func startSuperNode(key: String) async throws -> String {
    let own = ports.numbers[1]
    // SuperNodes read keys in the format of OpenSSH only.
    let command = try start(programs.python, ["-c", Self.conversion, key])
    try await wait("the key of OpenSSH's") { !command.isRunning }
    let security = certificates.map { ["--root-certificates", $0.authority] } ?? ["--insecure"]
    try start(
      "flower-supernode",
      security + [
        "--superlink", address, "--port", "\(own)", "--isolation", "process", "--auth-supernode-private-key",
        key + ".ssh",
      ])
    try await waitForPort(own)
    return "127.0.0.1:\(own)"
  }

  func killSuperLink() throws {
    let process = try #require(superLink)
    #expect(kill(process.processIdentifier, SIGKILL) == 0)
    process.waitUntilGone()
  }

  /// A stock node with the rows in a folder.
  func startStockNode(data: URL) async throws {
    let own = ports.numbers[1]
    try start(
      "flower-supernode",
      [
        "--insecure", "--superlink", address, "--port", "\(own)", "--node-config", "data=\"\(data.path)\"",
      ])
    try await waitForPort(own)
  }

  /// Runs the example's app; gives its figures when it is done.
  func run(_ settings: [(String, String)]) async throws -> Figures {
    try startRun(settings)
    return try await figures()
  }

  func startRun(_ settings: [(String, String)]) throws {
    let text = (settings + [("output", "\"\(output.path)\"")]).map { "\($0)=\($1)" }.joined(separator: " ")
    try start("flwr", ["run", "app", "here", "--run-config", text])
  }

  /// Of the run under way, when it is done.
  func figures() async throws -> Figures {
    let figures = output.appending(path: "figures.json")
    try await wait("the run's figures") { FileManager.default.fileExists(atPath: figures.path) }
    return try JSONDecoder().decode(Figures.self, from: try Data(contentsOf: figures))
  }

  /// Where the app puts the model and its figures.
  var output: URL { folder.appending(path: "output") }

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
  func wait(_ what: String, until isThere: () -> Bool) async throws {
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
