import Dashboard
import Foundation
import Processes
import Testing

/// The page in a real browser: headless Chromium, as Debian packages it.
///
/// A browser's clock runs on while other tests keep the machine busy, so `./test` runs these by themselves (`TACIT_BROWSER=1`).
@Suite(
  "browser", .serialized,
  .enabled(if: ProcessInfo.processInfo.environment["TACIT_BROWSER"] != nil, "run by themselves: TACIT_BROWSER=1"))
struct BrowserTests {
  private static let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  private static let reason: Comment = "no Chromium on this machine: apt-get install chromium lets this test run"

  /// The oracle is the run that the page was told of, which goes on while the page watches it.
  @Test("the page shows the run as it goes", .enabled(if: chromium != nil, reason))
  func liveRun() async throws {
    let run = FakeRun.credit(rounds: 2)
    try await PageClient.with(run) { client in
      async let page = Self.page(at: client.server.url)
      for await _ in run.arrivals { break }
      for number in 3...6 { run.change { $0.rounds["7f3a91c2"]?.append(FakeRun.round(number)) } }
      run.change { $0.workers[2].state = .offline }
      // The stream ends, and with it the browser's wait.
      run.end()
      let text = try await page
      #expect(text.contains("Credit applications") && text.contains(">running<"))
      #expect(text.contains("6 / 40"))
      // Round 6 began with a model of this accuracy, which is 70.4 % by the formula of the fake run.
      #expect(text.contains("70.4 %") && text.contains("after round 5"))
      #expect(text.contains("Accuracy: 52.1 % after round 0, 70.4 % after round 5"))
      #expect(text.contains("1 idle · 1 busy · 1 offline") && text.contains("bank-c"))
      #expect(text.contains("without bank-c") && text.contains("2 / 3"))
      #expect(text.contains("masked") && text.contains("The sum of all updates, and who took part."))
      #expect(text.contains("1.76 MB") && text.contains("294 kB a round"))
      #expect(!text.contains("Privacy spent"))
    }
  }

  /// Of a failed job with differential privacy, so that these are seen too.
  @Test("a report draws itself without a server", .enabled(if: chromium != nil, reason))
  func report() async throws {
    let run = FakeRun.credit(rounds: 12, state: .failed)
    var job = try #require(try run.jobs().first)
    job.failure = "round 13 had too few workers"
    job.privacy = PrivacyView(epsilon: 1.5, delta: 1e-5, limit: 8)
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("report-\(UUID().uuidString).html")
    try RunPage.report(job: job, rounds: run.rounds(of: job.id, after: 0), workers: run.workers())
      .write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    let text = try await Self.page(at: file.absoluteString)
    #expect(text.contains("Round 13 had too few workers. The 12 rounds so far are kept"))
    #expect(text.contains("12 / 40") && text.contains("after round 11"))
    #expect(text.contains("<path class=\"curve first\"") && text.contains("<path class=\"curve second\""))
    #expect(text.contains("ε 1.50") && text.contains("ends at ε 8.00"))
  }

  /// The page as the browser has it two seconds after all that it asked for has come.
  private static func page(at url: String) async throws -> String {
    let profile = FileManager.default.temporaryDirectory.appendingPathComponent("chromium-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: profile) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: chromium ?? "")
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=\(profile.path)", "--window-size=1280,900",
      "--virtual-time-budget=1900", "--dump-dom", url,
    ]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    return await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        let data = (try? output.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilGone()
        continuation.resume(returning: String(decoding: data, as: UTF8.self))
      }
    }
  }
}
