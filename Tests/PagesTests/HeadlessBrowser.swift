import Foundation
import NIOWebSocket
import Processes

/// Headless Chromium with a profile of its own that trusts one more authority, driven by the DevTools protocol.
final class HeadlessBrowser {
  static let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }
  static let certutil = ["/usr/bin/certutil"].first { FileManager.default.isExecutableFile(atPath: $0) }
  static var isAvailable: Bool { chromium != nil && certutil != nil }

  struct Trouble: Error, CustomStringConvertible {
    let description: String
  }

  private let process: Process
  private let tools: PageCaller
  private var session = ""
  private var lastNumber = 0
  /// What the page's console and the browser complained of.
  private(set) var complaints: [String] = []

  /// - Parameters:
  ///   - folder: for the profile.
  ///   - trust: a PEM file of an authority that the browser takes for one of its own.
  init(in folder: String, trusting trust: String) async throws {
    let store = folder + "/home/.pki/nssdb"
    try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
    try Self.run(["-d", "sql:" + store, "-N", "--empty-password"])
    try Self.run(["-d", "sql:" + store, "-A", "-t", "C,,", "-n", "test", "-i", trust])
    process = Process()
    process.executableURL = URL(fileURLWithPath: Self.chromium ?? "")
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0",
      "--user-data-dir=\(folder)/profile", "--window-size=1100,900", "about:blank",
    ]
    var environment = ProcessInfo.processInfo.environment
    environment["HOME"] = folder + "/home"
    process.environment = environment
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    do {
      let (port, path) = try await Self.address(in: folder + "/profile/DevToolsActivePort")
      tools = try await PageCaller(port: port, path: path, origin: nil, trust: nil)
    } catch {
      process.terminate()
      throw error
    }
    let target = try await call("Target.createTarget", ["url": "about:blank"])["targetId"] as? String ?? ""
    session =
      try await call("Target.attachToTarget", ["targetId": target, "flatten": true])["sessionId"] as? String ?? ""
    for room in ["Page", "Runtime", "Log"] { try await call("\(room).enable") }
  }

  /// Where the browser's tools listen, once it has written that down.
  private static func address(in file: String) async throws -> (Int, String) {
    for _ in 0..<600 {
      let lines = (try? String(contentsOfFile: file, encoding: .utf8))?.split(separator: "\n") ?? []
      if lines.count == 2, let port = Int(lines[0]) { return (port, String(lines[1])) }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw Trouble(description: "the browser did not come up")
  }

  private static func run(_ arguments: [String]) throws {
    let process = try Process.run(URL(fileURLWithPath: certutil ?? ""), arguments: arguments)
    process.waitUntilGone()
    guard process.terminationStatus == 0 else { throw Trouble(description: "certutil \(arguments) failed") }
  }

  func close() async {
    await tools.close()
    process.terminate()
    process.waitUntilGone()
  }

  // MARK: Pages

  /// Opens an address and waits until it is loaded.
  func open(_ url: String) async throws {
    try await call("Page.navigate", ["url": url])
    for _ in 0..<600 {
      if try await evaluate("document.readyState + ' ' + location.href").hasPrefix(
        "complete \(url.prefix { $0 != "#" })")
      {
        return
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw Trouble(description: "\(url) does not load: \(complaints)")
  }

  /// The text that an expression comes to; promises are waited for.
  func evaluate(_ expression: String) async throws -> String {
    let answer = try await call(
      "Runtime.evaluate", ["expression": expression, "awaitPromise": true, "returnByValue": true])
    if let details = answer["exceptionDetails"] { throw Trouble(description: "\(details)") }
    return (answer["result"] as? [String: Any])?["value"] as? String ?? ""
  }

  func press(_ key: String, code: Int, text: String = "") async throws {
    for type in ["keyDown", "keyUp"] {
      try await call(
        "Input.dispatchKeyEvent",
        ["type": type, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": type == "keyDown" ? text : ""])
    }
  }

  /// A screen's size and the colours that its user prefers.
  func show(width: Int, isDark: Bool) async throws {
    try await call(
      "Emulation.setDeviceMetricsOverride",
      ["width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600])
    try await call(
      "Emulation.setEmulatedMedia",
      ["features": [["name": "prefers-color-scheme", "value": isDark ? "dark" : "light"]]])
  }

  /// A picture of the whole page, as PNG.
  func picture() async throws -> Data {
    let answer = try await call("Page.captureScreenshot", ["captureBeyondViewport": true])
    return Data(base64Encoded: answer["data"] as? String ?? "") ?? Data()
  }

  @discardableResult
  private func call(_ method: String, _ parameters: [String: Any] = [:]) async throws -> [String: Any] {
    lastNumber += 1
    var message: [String: Any] = ["id": lastNumber, "method": method, "params": parameters]
    if !session.isEmpty { message["sessionId"] = session }
    try await tools.send([UInt8](try JSONSerialization.data(withJSONObject: message)), opcode: .text)
    while let bytes = await tools.next() {
      guard let answer = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else { continue }
      note(answer)
      guard answer["id"] as? Int == lastNumber else { continue }
      if let error = answer["error"] { throw Trouble(description: "\(method): \(error)") }
      return answer["result"] as? [String: Any] ?? [:]
    }
    throw Trouble(description: "the browser is gone")
  }

  private func note(_ event: [String: Any]) {
    let parameters = event["params"] as? [String: Any]
    if let entry = parameters?["entry"] as? [String: Any], event["method"] as? String == "Log.entryAdded" {
      complaints.append("\(entry["text"] ?? entry)")
    }
    if event["method"] as? String == "Runtime.exceptionThrown" { complaints.append("\(parameters ?? [:])") }
  }
}
