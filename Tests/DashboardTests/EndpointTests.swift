import Dashboard
import Foundation
import Testing

@Suite("endpoints")
struct EndpointTests {
  @Test("the address with its token leads to the page, by a cookie that scripts and other sites cannot use")
  func token() async throws {
    try await PageClient.with(.credit(rounds: 3)) { client in
      let welcome = try await client.ask("/?token=\(client.token)")
      #expect(welcome.status == 303 && welcome.headers["location"] == "/")
      let cookie = try #require(welcome.headers["set-cookie"])
      #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
      let page = try await client.ask("/", cookie: String(cookie.prefix { $0 != ";" }))
      #expect(page.status == 200 && page.body.contains("<title>Tacit coordinator</title>"))
      #expect(!page.body.contains(client.token))
      for path in [
        "/", "/script.js", "/api/jobs", "/events", "/report.html?job=7f3a91c2", "/nothing", "/?token=", "/?token=0",
      ] {
        let answer = try await client.ask(path)
        #expect(answer.status == 401 && !answer.body.contains("Credit"), "\(path)")
      }
    }
  }

  @Test("every answer carries the headers that keep a browser to this page")
  func headers() async throws {
    try await PageClient.with(.credit(rounds: 3)) { client in
      for path in ["/index.html", "/script.js", "/style.css", "/icon.svg", "/api/jobs", "/nothing", "/"] {
        let answer = try await client.ask("\(path)?token=\(client.token)")
        #expect(answer.headers["content-security-policy"]?.hasPrefix("default-src 'self'; ") == true, "\(path)")
        #expect(answer.headers["x-content-type-options"] == "nosniff" && answer.headers["x-frame-options"] == "DENY")
        #expect(answer.headers["referrer-policy"] == "no-referrer" && answer.headers["cache-control"] == "no-store")
      }
    }
  }

  @Test("the page asks nobody else for anything")
  func noOutsideResources() async throws {
    try await PageClient.with(FakeRun()) { client in
      for path in ["/index.html", "/script.js", "/style.css"] {
        let text = try await client.ask("\(path)?token=\(client.token)").body
          .replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
        #expect(!text.contains("http:") && !text.contains("https:") && !text.contains("url("), "\(path)")
      }
    }
  }

  @Test("methods but GET are refused", arguments: ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
  func methods(method: String) async throws {
    try await PageClient.with(FakeRun()) { client in
      let answer = try await client.ask("/?token=\(client.token)", method: method)
      #expect(answer.status == 405 && answer.headers["allow"] == "GET")
    }
  }

  @Test("jobs, rounds and workers as JSON")
  func json() async throws {
    let run = FakeRun.credit(rounds: 3)
    let expected = try run.jobs()
    try await PageClient.with(run) { client in
      func get<Value: Decodable>(_ path: String, _ type: Value.Type) async throws -> Value {
        let answer = try await client.ask("\(path)?token=\(client.token)")
        #expect(answer.status == 200 && answer.headers["content-type"] == "application/json")
        return try JSONDecoder().decode(type, from: Data(answer.body.utf8))
      }
      let jobs = try await get("/api/jobs", [JobView].self)
      let workers = try await get("/api/workers", [WorkerView].self)
      let rounds = try await get("/api/jobs/7f3a91c2/rounds", [RoundView].self)
      #expect(jobs == expected)
      #expect(run.workers() == workers)
      #expect(run.rounds(of: "7f3a91c2", after: 0) == rounds)
    }
  }

  @Test(
    "what is not there is not found",
    arguments: [
      "/nothing", "/api", "/api/jobs/gone/rounds", "/api/jobs/7f3a91c2", "/report.html", "/report.html?job=gone",
      "/../index.html", "/%2e%2e/etc/passwd", "/Resources/index.html",
    ])
  func notFound(path: String) async throws {
    try await PageClient.with(.credit(rounds: 1)) { client in
      let mark = path.contains("?") ? "&" : "?"
      let answer = try await client.ask("\(path)\(mark)token=\(client.token)")
      #expect(answer.status == 404)
    }
  }

  @Test("a state that cannot be read is an answer without its details")
  func unreadable() async throws {
    let run = FakeRun()
    run.change { $0.isUnreadable = true }
    try await PageClient.with(run) { client in
      let answer = try await client.ask("/api/jobs?token=\(client.token)")
      #expect(answer.status == 500 && !answer.body.contains("Unreadable"))
    }
  }

  @Test("events come as the run goes, and end with it")
  func events() async throws {
    let run = FakeRun.credit(rounds: 0)
    try await PageClient.with(run) { client in
      var told = 0
      let text = try await client.read("/events?token=\(client.token)") { text in
        // Each round is announced when the one before has been seen.
        guard text.contains("\"round\":\(told),") || (told == 0 && text.contains("event: workers")) else {
          return false
        }
        told += 1
        if told <= 3 { run.change { $0.rounds["7f3a91c2"]?.append(FakeRun.round(told)) } } else { run.end() }
        return false
      }
      #expect(text.contains("text/event-stream") && text.contains("retry: 2000\n\n"))
      #expect(told == 4)
    }
  }

  @Test("only so many pages watch, and a place that is left is free again")
  func watcherLimit() async throws {
    try await PageClient.with(.credit(rounds: 0), watcherLimit: 2) { client in
      let path = "/events?token=\(client.token)"
      func watch(_ inside: () async throws -> Void) async throws {
        _ = try await client.read(path) { text in
          guard text.contains("event: jobs") else { return false }
          try await inside()
          return true
        }
      }
      try await watch {
        try await watch {
          let refused = try await client.ask(path)
          #expect(refused.status == 503 && refused.headers["retry-after"] == "5")
        }
      }
      // The server sees a closed connection a moment later: until then the next is refused, and asks again.
      var status = 503
      while status == 503 {
        let text = try await client.read(path) { $0.contains("event: jobs") }
        status = PageClient.Answer(text).status
      }
      #expect(status == 200)
    }
  }
}
