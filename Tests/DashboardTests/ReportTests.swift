import Dashboard
import Foundation
import Testing

@Suite("report")
struct ReportTests {
  @Test("a report is one file with everything in it")
  func oneFile() throws {
    let page = try report()
    #expect(!page.contains("src=") && !page.contains("<link") && !page.contains("http-equiv=\"refresh\""))
    #expect(page.contains("\"round\":5,") && page.contains("Credit applications"))
    #expect(page.contains("script-src 'sha256-") && !page.contains("unsafe-inline"))
  }

  @Test("what a job is called cannot become part of the page")
  func escaping() throws {
    let page = try report { $0.description?.title = "</script><script>alert(1)</script><!--" }
    #expect(!page.contains("<script>alert") && page.contains("\\u003c/script>"))
  }

  private func report(_ change: (inout JobView) -> Void = { _ in }) throws -> String {
    let run = FakeRun.credit(rounds: 5, state: .done)
    var job = try #require(try run.jobs().first)
    change(&job)
    return try RunPage.report(job: job, rounds: run.rounds(of: job.id, after: 0), workers: run.workers())
  }
}
