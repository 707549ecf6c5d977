import ArgumentParser
import Foundation
import Logging
import Tacit

struct WebCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "web",
    abstract: "Serve, or write to a folder, a page from which a shared model is asked in secret.",
    discussion: """
      The page is made from the model's published preprocessing. It splits what is entered before it leaves the browser; \
      neither this process nor any party learns it. The parties must have doors for pages (tacit party --web), and the \
      model must be for pages of this origin (tacit share --web-origin).

      Example: tacit web --cluster cluster.yaml --identity identities/shop --model credit --listen 127.0.0.1:8080 \
      --tokens tokens.txt
      """,
    subcommands: [Serve.self, Export.self], defaultSubcommand: Serve.self)

  /// What a page is made from.
  struct Content: ParsableArguments {
    @OptionGroup var place: ClusterFlags
    @Option(help: "The model's name.") var model: String
    @Option(help: "The page's title; the model's name if not given.") var title: String?
    @Option(
      parsing: .unconditionalSingleValue,
      help:
        "A text in place of a column, category or label, as NAME=TEXT (--text=-=no for the label -); may be repeated.")
    var text: [String] = []

    func files(_ tokens: PageBundle.Tokens) async throws -> PageFiles {
      let model = model
      let (card, parties) = try await place.connected { (try await $0.card(of: model), try await $0.pages()) }
      return try PageFiles(PageBundle(card, parties: parties, tokens: tokens, title: title, texts: text))
    }
  }

  struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Serve the page.",
      discussion: """
        Without --certificate the page comes without TLS, which browsers take from their own machine alone: then listen at \
        127.0.0.1.

        Example: tacit web --cluster cluster.yaml --identity identities/shop --model credit --listen 127.0.0.1:8080
        """)

    @OptionGroup var content: Content
    @Option(help: "Where the page is served: HOST:PORT.") var listen = "127.0.0.1:8080"
    @Option(help: "A PEM file of a certificate that browsers accept.") var certificate: String?
    @Option(help: "The PEM file of its key, which only you can read.") var key: String?
    @Option(help: "A file of tokens, made by tacit token: the page gives each visitor's question one.") var tokens:
      String?
    @Flag(help: "Stop when standard input ends, as programs that start others need it.") var untilInputEnds = false

    func run() async throws {
      let certificate: (path: String, key: String)?
      switch (self.certificate, key) {
      case (let path?, let key?): certificate = (path, key)
      case (nil, nil): certificate = nil
      case (.some, nil), (nil, .some): throw UsageError("--certificate and --key go together: give both or neither")
      }
      let stock = try tokens.map { try TokenStock(path: $0) }
      let files = try await content.files(stock == nil ? .visitor : .server)
      let server = try await PageServer.start(
        at: listen, files, certificate: certificate, tokens: stock,
        logger: Logger(label: "tacit.web") { StreamLogHandler.standardError(label: $0) })
      FileHandle.standardError.write(Data((server.url + "\n" + Self.advice(stock)).utf8))
      await Stop.serve(untilInputEnds: untilInputEnds) { try await server.run() }
    }

    private static func advice(_ stock: TokenStock?) -> String {
      guard let stock else {
        return "no --tokens: each visitor must bring a token of the model's owner (tacit token)\n"
      }
      let count = stock.count
      return count > 0
        ? "\(count) questions may be asked\n" : "no token is left: the model's owner makes more with tacit token\n"
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the page to a folder, with the hash of each file in manifest.json.",
      discussion: """
        Any web server can serve it, from the origin that the model was shared for. Visitors enter a token, or open \
        the page with #token=TOKEN behind its address.

        Example: tacit web export site --cluster cluster.yaml --identity identities/shop --model credit
        """)

    @Argument(help: "The folder to write; one that is new or empty.") var folder: String
    @OptionGroup var content: Content

    func run() async throws {
      try await content.files(.visitor).export(to: folder)
      print("the page is in \(folder); manifest.json has the hashes")
    }
  }
}
