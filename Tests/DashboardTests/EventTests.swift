import Dashboard
import Foundation
import Testing

@Suite("events")
struct EventTests {
  /// The format is that of WHATWG HTML §9.2.5: a field a line, an empty line at the end.
  @Test("a line break in the data is a field of its own")
  func framing() {
    #expect(EventFrame(.jobs, "[1]").text == "event: jobs\ndata: [1]\n\n")
    #expect(
      EventFrame(.trouble, "a\nb\r\nevent: jobs").text == "event: trouble\ndata: a\ndata: b\ndata: event: jobs\n\n")
    #expect(EventFrame(.workers, "").text == "event: workers\ndata: \n\n")
    #expect(EventFrame.retry(milliseconds: 2000).text == "retry: 2000\n\n")
    #expect(EventFrame.heartbeat.text.hasPrefix(":") && EventFrame.heartbeat.text.hasSuffix("\n\n"))
  }

  @Test("a watcher is told everything first, and then what is new")
  func news() async throws {
    let run = FakeRun.credit(rounds: 2)
    var feed = EventFeed(choice: nil)
    #expect(try await feed.news(from: run).map(name) == ["jobs", "rounds", "workers"])
    #expect(try await feed.news(from: run).isEmpty)
    run.change { $0.rounds["7f3a91c2"]?.append(FakeRun.round(3)) }
    let frames = try await feed.news(from: run)
    let rounds = try #require(frames.first)
    #expect(frames.count == 1)
    #expect(rounds.text.contains("\"isBeginning\":false") && rounds.text.contains("\"round\":3"))
    #expect(!rounds.text.contains("\"round\":2"))
    run.change { $0.workers[0].state = .offline }
    #expect(try await feed.news(from: run).map(name) == ["workers"])
  }

  @Test("the next job's rounds take the place of the last one's")
  func nextJob() async throws {
    let run = FakeRun.credit(rounds: 2, state: .done)
    var feed = EventFeed(choice: nil)
    var chosen = EventFeed(choice: "7f3a91c2")
    _ = try await feed.news(from: run)
    _ = try await chosen.news(from: run)
    run.change { $0.jobs.append(JobView(id: "second", state: .running, submitter: "a", created: 1_795_286_500)) }
    let frames = try await feed.news(from: run)
    #expect(frames.map(name) == ["jobs", "rounds"])
    #expect(frames.last?.text.contains("\"isBeginning\":true,\"job\":\"second\",\"rounds\":[]") == true)
    #expect(try await chosen.news(from: run).map(name) == ["jobs"])
    // A job that is gone gives way to the current one.
    var stale = EventFeed(choice: "gone")
    #expect(try await stale.news(from: run).contains { $0.text.contains("\"job\":\"second\"") })
  }

  @Test("a state that cannot be read is said once, and everything again afterwards")
  func trouble() async throws {
    let run = FakeRun.credit(rounds: 2)
    var feed = EventFeed(choice: nil)
    _ = try await feed.news(from: run)
    run.change { $0.isUnreadable = true }
    #expect(try await feed.news(from: run).map(name) == ["trouble"])
    #expect(try await feed.news(from: run).isEmpty)
    run.change { $0.isUnreadable = false }
    #expect(try await feed.news(from: run).map(name) == ["jobs", "rounds"])
  }

  @Test("a slow watcher gets changes together, and the stream ends with its source")
  func slowWatcher() async throws {
    let run = FakeRun.credit(rounds: 0)
    var pace = EventPace()
    (pace.tick, pace.rest) = (.seconds(3600), .zero)
    var chunks: [String] = []
    try await EventStream(source: run, choice: nil, pace: pace).run { chunk in
      chunks.append(chunk)
      // Twenty rounds pass while the first chunk is on its way.
      guard chunks.count == 1 else { return run.end() }
      for number in 1...20 { run.change { $0.rounds["7f3a91c2"]?.append(FakeRun.round(number)) } }
    }
    #expect(chunks.count == 2)
    #expect(chunks.first?.hasPrefix("retry: 2000\n\nevent: jobs\n") == true)
    #expect((1...20).allSatisfy { chunks.last?.contains("\"round\":\($0),") == true })
  }

  @Test("a diverged loss is a word, not an error")
  func diverged() async throws {
    let run = FakeRun.credit(rounds: 1)
    run.change { $0.rounds["7f3a91c2"]?[0].before.loss = .nan }
    var feed = EventFeed(choice: nil)
    #expect(try await feed.news(from: run).contains { $0.text.contains("\"loss\":\"not a number\"") })
  }

  private func name(_ frame: EventFrame) -> String {
    String(frame.text.prefix { $0 != "\n" }.dropFirst("event: ".count))
  }
}
