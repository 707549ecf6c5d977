import Dashboard
import Logging
import NIOCore
import NIOEmbedded
import Testing
import WebServing

@Suite("access")
struct AccessTests {
  @Test(
    "addresses",
    arguments: [
      ("127.0.0.1:9300", "127.0.0.1", 9300, true), ("localhost:0", "localhost", 0, true), ("[::1]:80", "::1", 80, true),
      ("0.0.0.0:9300", "0.0.0.0", 9300, false), ("[::]:9300", "::", 9300, false),
      ("box.example:1", "box.example", 1, false),
    ])
  func addresses(text: String, host: String, port: Int, isLoopback: Bool) throws {
    let address = try DashboardAddress(text)
    #expect(address.place.host == host && address.place.port == port && address.place.isLoopback == isLoopback)
  }

  @Test(
    "what is no address is refused", arguments: ["", "9300", ":9300", "a:", "a:b", "a:65536", "a:-1", "::1:80", "[]:1"])
  func noAddress(text: String) throws {
    #expect(throws: DashboardError.address(text)) { try DashboardAddress(text) }
  }

  @Test("a token is new each time, and only itself matches")
  func token() {
    let (token, other) = (SessionToken.random(), SessionToken.random())
    #expect(token.text.count == 32 && token.text != other.text)
    #expect(token.matches(token.text))
    for wrong in ["", other.text, String(token.text.dropLast()), token.text + "0"] { #expect(!token.matches(wrong)) }
    #expect(token.isAmong(cookies: "a=b; \(token.cookieName)=\(token.text); c"))
    #expect(!token.isAmong(cookies: "\(token.cookieName)=\(other.text); \(other.cookieName)=\(token.text)"))
    #expect(!token.isAmong(cookies: "") && !token.isAmong(cookies: token.cookieName))
  }

  @Test("an address tells the machine's name where it stands for all of its own")
  func url() throws {
    let token = SessionToken.random()
    #expect(try DashboardAddress("[::1]:0").url(port: 81, token: token) == "http://[::1]:81/?token=\(token.text)")
    let wide = try DashboardAddress("0.0.0.0:0").url(port: 81, token: token)
    #expect(!wide.contains("0.0.0.0"))
  }

  /// `IdleStateHandler` measures by the machine's clock, so that its event stands for the time.
  @Test("a connection on which nothing can be written is closed; one that is only not read from, is not")
  func slowReader() throws {
    let channel = EmbeddedChannel(handler: IdleCloser())
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    channel.pipeline.fireUserInboundEventTriggered(IdleStateHandler.IdleStateEvent.read)
    #expect(channel.isActive)
    channel.pipeline.fireUserInboundEventTriggered(IdleStateHandler.IdleStateEvent.write)
    channel.embeddedEventLoop.run()
    #expect(!channel.isActive)
  }

  @Test("other addresses than this machine's come with a warning, taken ones with a reason")
  func listening() async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let run = FakeRun()
    let server = try await DashboardServer.start(at: "127.0.0.1:0", showing: run, logger: logger)
    #expect(server.warning == nil)
    let taken = try #require(server.url.split(separator: "/")[1].split(separator: ":").last)
    await #expect(throws: DashboardError.self) {
      try await DashboardServer.start(at: "127.0.0.1:\(taken)", showing: run, logger: logger)
    }
    await server.stop()
    let wide = try await DashboardServer.start(at: "0.0.0.0:0", showing: run, logger: logger)
    #expect(wide.warning?.contains("without TLS") == true)
    await wide.stop()
  }
}
