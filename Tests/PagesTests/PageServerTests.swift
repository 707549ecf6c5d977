import Crypto
import Foundation
import Pages
import Serving
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A page's files and its server, which knows nothing of what is asked.
@Suite struct PageServerTests {
  private static let url = "wss://localhost:9443"

  /// A card without a cluster behind it.
  private func files(_ tokens: PageBundle.Tokens) throws -> PageFiles {
    let model = try CreditModel(rows: 8)
    let json = """
      {"name":"credit","key":"credit@1#2","inputName":"x","exampleShape":[45],"outputShape":[1],"fractionBits":16,
       "preprocessing":\(String(decoding: try JSONEncoder().encode(model.preprocessing), as: UTF8.self))}
      """
    let card = try JSONDecoder().decode(ModelCard.self, from: Data(json.utf8))
    let party = try JSONDecoder().decode(PartyPage.self, from: Data(#"{"url":"\#(Self.url)","key":"BA=="}"#.utf8))
    #expect(throws: PageError.self) { try PageBundle(card, parties: [party], tokens: tokens, texts: ["nothing"]) }
    return try PageFiles(PageBundle(card, parties: [party], tokens: tokens, title: "Loans </script>"))
  }

  /// Oracle: each file's SHA-256, taken again from the disk.
  @Test func anExportHasItsHashes() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("page-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = try files(.visitor)
    try files.export(to: folder.path)
    #expect(throws: PageError.self) { try files.export(to: folder.path) }
    let data = try Data(contentsOf: folder.appendingPathComponent("manifest.json"))
    let manifest = try JSONDecoder().decode([String: [String: String]].self, from: data)
    let hashes = try #require(manifest["files"])
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(Set(hashes.keys).union(["manifest.json"]) == Set(names))
    for (name, hash) in hashes {
      let digest = SHA256.hash(data: try Data(contentsOf: folder.appendingPathComponent(name)))
      #expect(digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == hash)
    }
    // All that a browser may load or talk to is in the page itself, where no server says it.
    let index = try String(contentsOf: folder.appendingPathComponent("index.html"), encoding: .utf8)
    #expect(
      index.contains("default-src 'none'") && index.contains("connect-src \(Self.url);") && !index.contains("POLICY"))
    #expect(!index.contains("<script>") && !index.contains("style=") && !index.contains("http://"))
  }

  private func ask(
    _ url: String, method: String = "GET", site: String? = nil
  ) async throws -> (status: Int, headers: HTTPURLResponse, text: String) {
    var request = URLRequest(url: try #require(URL(string: url)))
    request.httpMethod = method
    if let site { request.setValue(site, forHTTPHeaderField: "Sec-Fetch-Site") }
    let (data, response) = try await URLSession.shared.data(for: request)
    let answer = try #require(response as? HTTPURLResponse)
    return (answer.statusCode, answer, String(decoding: data, as: UTF8.self))
  }

  @Test func tokensGoToThePageAloneAndEachOnce() async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)").path
    try "one\ntwo\n\nthree\n".write(toFile: path, atomically: true, encoding: .utf8)
    defer { for end in ["", ".given"] { try? FileManager.default.removeItem(atPath: path + end) } }
    let files = try files(.server)
    var given: [String] = []
    for _ in 0..<2 {
      let stock = try TokenStock(path: path)
      #expect(stock.count == 3 - given.count)
      let server = try await PageServer.start(at: "127.0.0.1:0", files, tokens: stock, logger: PageCluster.silence)
      let page = try await ask(server.url + "/")
      #expect(page.status == 200 && page.text.contains("<form"))
      let policy = page.headers.value(forHTTPHeaderField: "Content-Security-Policy") ?? ""
      #expect(policy.contains("connect-src 'self' \(Self.url);") && policy.contains("frame-ancestors 'none'"))
      #expect(try await ask(server.url + "/bundle.js").text.hasPrefix("export default {"))
      #expect(try await ask(server.url + "/../Package.swift").status == 404)
      #expect(try await ask(server.url + "/", method: "DELETE").status == 405)
      #expect(try await ask(server.url + "/token").status == 405)
      for site in [nil, "cross-site", "same-site", "none"] {
        #expect(try await ask(server.url + "/token", method: "POST", site: site).status == 403)
      }
      for _ in 0..<(given.isEmpty ? 1 : 2) {
        let answer = try await ask(server.url + "/token", method: "POST", site: "same-origin")
        given.append(answer.text.trimmingCharacters(in: .newlines))
      }
      if given.count == 3 {
        #expect(try await ask(server.url + "/token", method: "POST", site: "same-origin").status == 503)
      }
      await server.stop()
    }
    #expect(given == ["one", "two", "three"])
  }
}
