import Datasets
import Foundation
import Identity
import Pages
import Processes
import Serving
import Tensors
import TestSupport
import Testing

/// The page in a real browser, which asks three real parties: headless Chromium with a test authority in its store.
///
/// Like the dashboard's, run by themselves: `TACIT_BROWSER=1`. With `TACIT_PICTURES=FOLDER` they leave pictures there.
@Suite(
  .serialized,
  .enabled(if: ProcessInfo.processInfo.environment["TACIT_BROWSER"] != nil, "run by themselves: TACIT_BROWSER=1"),
  .enabled(
    if: HeadlessBrowser.isAvailable,
    "no Chromium or no certutil on this machine: apt-get install chromium libnss3-tools lets these tests run"))
struct PageBrowserTests {
  /// What the page shows of an answer.
  private struct Shown: Decodable {
    var decision: String
    var probability: String
    var trouble: String
    var views: [String]
    var focus: String
  }

  private struct Setting {
    let cluster: PageCluster
    let model: CreditModel
    let owner: NodeIdentity
    let card: ModelCard
    let doors: [RecordingDoor]
    let browser: HeadlessBrowser
    let url: String
  }

  /// Three parties, the model, a page's server and a browser.
  private func with(
    _ tokens: PageBundle.Tokens, count: Int, _ body: @escaping (Setting, [String]) async throws -> Void
  ) async throws {
    try await PageCluster.run { (cluster: PageCluster) async throws -> Void in
      let ports = try ReservedPorts.take(1)
      defer { ports.release() }
      let model = try CreditModel()
      let owner = try cluster.identity("owner")
      let origin = "https://localhost:\(ports.numbers[0])"
      let (card, pages) = try await share(model, cluster, owner, for: origin)
      let texts = try PageToken.issue(count, for: card, until: Date() + 600, by: owner)
      let path = cluster.folder + "/tokens.txt"
      try texts.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
      var doors: [RecordingDoor] = []
      var parties: [PartyPage] = []
      for page in pages {
        let port = Int(page.url.split(separator: ":").last ?? "") ?? 0
        let door = try await RecordingDoor(before: port, web: cluster.web, trust: cluster.trust)
        doors.append(door)
        var recorded = page
        recorded.url = "wss://localhost:\(door.port)"
        parties.append(recorded)
      }
      let bundle = try PageBundle(
        card, parties: parties, tokens: tokens, title: "Credit application",
        texts: ["+=approved", "-=declined", "A2=Age", "t=yes", "f=no"])
      let server = try await PageServer.start(
        at: "localhost:\(ports.numbers[0])", try PageFiles(bundle),
        certificate: (path: cluster.web.certificate, key: cluster.web.key),
        tokens: tokens == .server ? try TokenStock(path: path) : nil, logger: PageCluster.silence)
      let browser = try await HeadlessBrowser(in: cluster.folder, trusting: cluster.trust)
      let setting = Setting(
        cluster: cluster, model: model, owner: owner, card: card, doors: doors, browser: browser, url: server.url)
      var failure: (any Error)?
      do { try await body(setting, texts) } catch { failure = error }
      await browser.close()
      for door in doors { await door.stop() }
      await server.stop()
      if let failure { throw failure }
    }
  }

  private func share(
    _ model: CreditModel, _ cluster: PageCluster, _ owner: NodeIdentity, for origin: String
  ) async throws -> (ModelCard, [PartyPage]) {
    try await cluster.with(owner) { client in
      try await client.share(
        model.file, named: "credit", fractionBits: 16, terms: ModelTerms(origins: [origin]),
        publishing: model.preprocessing)
      return (try await client.ownCard(of: "credit"), try await client.pages())
    }
  }

  /// Fills in the form, sends it and waits for what comes.
  private func ask(_ browser: HeadlessBrowser, _ cells: [String: String]) async throws -> Shown {
    let json = String(decoding: try JSONEncoder().encode(cells), as: UTF8.self)
    let answer = try await browser.evaluate(
      """
      (async () => {
        const cells = \(json);
        for (const control of document.querySelectorAll("#form input[name], #form select[name]")) {
          const cell = cells[control.name];
          control.value = cell === undefined ? "" : control.tagName === "SELECT" ? "=" + cell : cell;
        }
        document.getElementById("ask").click();
        return await \(Self.outcome);
      })()
      """)
    return try JSONDecoder().decode(Shown.self, from: Data(answer.utf8))
  }

  /// A promise of what the page shows when it is no longer busy.
  private static let outcome = """
    (async () => {
      const part = (id) => document.getElementById(id);
      while (part("form").getAttribute("aria-busy") === "true") await new Promise((next) => setTimeout(next, 5));
      const shown = !part("result").hidden;
      return JSON.stringify({
        decision: shown ? part("decision").textContent : "", probability: shown ? part("probability").textContent : "",
        trouble: part("trouble").hidden ? "" : part("trouble").textContent, focus: document.activeElement.id,
        views: Array.from(part("views").rows, (row) => row.textContent),
      });
    })()
    """

  /// Oracle: the same questions by the client of `tacit query`. What each party alone was sent is uniform and of one length.
  @Test func thePageDecidesAsTheClientDoes() async throws {
    try await with(.server, count: 52) { setting, _ in
      let input = try setting.model.preprocessing.transform(setting.model.rows)
      let card = setting.card
      let answers = try await setting.cluster.with(setting.owner) { try await $0.query(card, input) }.output.scalars
      let browser = setting.browser
      try await browser.show(width: 1100, isDark: false)
      try await browser.open(setting.url)
      try await keep(browser, "form")
      var decisions: Set<String> = []
      for row in 0..<50 {
        let shown = try await ask(browser, setting.model.cells(of: row))
        #expect(
          shown.trouble == "" && shown.decision == (answers[row] > 0.5 ? "approved" : "declined"),
          "row \(row): \(shown)")
        let probability = try #require(Double(shown.probability.dropLast(2)))
        // A tenth of a per cent is shown; the two runs round differently.
        #expect(abs(probability / 100 - Double(answers[row])) < 2e-3)
        #expect(shown.focus == "decision-title" && shown.views.count == 3)
        decisions.insert(shown.decision)
      }
      #expect(decisions.count == 2)
      try await keep(browser, "answer")
      try await checkUniform(setting)
      try await browser.show(width: 390, isDark: true)
      try await keep(browser, "answer-phone-dark")
      #expect(try await browser.evaluate("String(document.documentElement.scrollWidth)") == "390")

      // By the keyboard alone: from one field to the next to the button; what is not known may stay empty.
      try await browser.open(setting.url + "/?")
      let order = try await browser.evaluate(
        "JSON.stringify(Array.from(document.querySelectorAll('#form input[name], #form select, #ask'), (c) => c.id))")
      var visited: [String] = []
      for _ in 0..<16 {
        try await browser.press("Tab", code: 9)
        visited.append(try await browser.evaluate("document.activeElement.id"))
      }
      #expect(try JSONDecoder().decode([String].self, from: Data(order.utf8)) == visited)
      try await keep(browser, "form-phone-dark")
      try await browser.press("Enter", code: 13, text: "\r")
      let shown = try JSONDecoder().decode(Shown.self, from: Data(try await browser.evaluate(Self.outcome).utf8))
      #expect(shown.decision != "" && shown.focus == "decision-title")
      // A number that is none is told beside its field, and costs no token.
      let wrong = try await ask(browser, ["A3": "1,000"])
      #expect(wrong.decision == "" && wrong.focus != "ask")
      #expect(try await browser.evaluate("document.querySelector('[aria-invalid=true]').name") == "A3")
      try await keep(browser, "wrong-phone-dark")
      #expect(try await ask(browser, [:]).decision != "")
      #expect(try await ask(browser, [:]).trouble.contains("must add tokens"))
      #expect(browser.complaints.filter { !$0.contains("503") }.isEmpty, "\(browser.complaints)")
    }
  }

  /// Oracle: Pearson's statistic of all bytes that one party can read.
  private func checkUniform(_ setting: Setting) async throws {
    for (party, door) in setting.doors.enumerated() {
      let questions = door.questions
      #expect(questions.count == 50 && Set(questions.map(\.id)).count == 50)
      let key = try setting.cluster.pageKey(party)
      let parcels = try questions.map { question in
        try key.agree(with: question.key, model: setting.card.key, query: question.id).open(question.box)
      }
      #expect(Set(parcels.map(\.count)).count == 1)
      // The first byte tells which keys follow, and is the same for all.
      #expect(Set(parcels.map(\.first)).count == 1)
      #expect(Randomness.chiSquare(parcels.flatMap { $0.dropFirst() }) < Randomness.chiSquareLimit, "party \(party)")
      #expect(Randomness.chiSquare(questions.flatMap(\.box)) < Randomness.chiSquareLimit, "party \(party)")
    }
  }

  /// Visitors bring tokens of their own, in the address or in a field; what is wrong with one is told in a sentence.
  @Test func visitorsBringTokens() async throws {
    try await with(.visitor, count: 2) { setting, tokens in
      let browser = setting.browser
      try await browser.open(setting.url + "/#token=" + tokens[0])
      #expect(try await browser.evaluate("location.hash + document.getElementById('token').value") == tokens[0])
      #expect(try await ask(browser, ["A2": "40"]).decision != "")
      #expect(try await ask(browser, ["A2": "40"]).trouble.contains("the token was used before"))
      _ = try await browser.evaluate("document.getElementById('token').value = ''")
      #expect(try await ask(browser, [:]).trouble.contains("Enter the token"))
      _ = try await browser.evaluate("document.getElementById('token').value = '\(tokens[1])'")
      // A party that is not there is named, and the token is not used up.
      await setting.cluster.kill(2)
      #expect(try await ask(browser, [:]).trouble.contains("Party 2"))
    }
  }

  /// Leaves a picture for people to look at, where one is asked for.
  private func keep(_ browser: HeadlessBrowser, _ name: String) async throws {
    guard let folder = ProcessInfo.processInfo.environment["TACIT_PICTURES"] else { return }
    try await browser.picture().write(to: URL(fileURLWithPath: folder).appendingPathComponent(name + ".png"))
  }
}
