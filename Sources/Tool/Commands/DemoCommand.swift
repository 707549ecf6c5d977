import ArgumentParser
import Foundation
import Tacit

struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Tell a whole story on this machine.",
    discussion: "Example: tacit demo credit",
    subcommands: [
      Credit.self, Boston.self, Pima.self, Iris.self, Digits.self, EncryptedDigits.self, Served.self, Geyer.self,
      Averaging.self,
    ])

  struct Credit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "credit",
      abstract: "A credit application, decided on encrypted data.",
      discussion: """
        Three bank processes train a network together under masked aggregation, each on its own rows. It is put in shares on \
        three party processes with certificates of their own, which are asked about applications that none of them sees. \
        A small network is then learned in six ways on the same splits: plain, averaged, masked, on shares, with DP-SGD and with local DP. \
        Writes report.json and report.html. With --cheat the model is asked once more by three parties of the engine spdz, \
        or of replicated-malicious with --engine, tasks of this process, of which one tampers with a message: no output is \
        released, and the exit code is 5. With --identify the other parties of spdz find out which one it was.

        Example: tacit demo credit --data ../shared/data --seed 3
        """)

    @Option(
      help: "A folder of data sets with the real UCI set; synthetic applications without it, whatever TACIT_DATA says.")
    var data: String?
    @Option(help: "The seed of split, initial weights and shuffling.") var seed: UInt64 = 7
    @Option(help: "The folder for the reports.") var output = "runs/demo-credit"
    @Option(help: "How many splits the six ways to train are compared on.") var splits = 10
    @Option(help: "Seconds to wait for a party before giving up.") var deadline = 30.0
    @Flag(help: "In the end, have one party tamper with a message, and show what happens.")
    var cheat = false
    @Option(help: "The engine whose party tampers: spdz or replicated-malicious.") var engine = "spdz"
    @Flag(help: "With --cheat: have the other parties name the one that tampers, with the engine spdz.")
    var identify = false
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
      guard deadline > 0, deadline <= 3600 else {
        throw UsageError("--deadline must be more than 0 and at most 3600 seconds, not \(deadline)")
      }
      guard (1...100).contains(splits) else { throw UsageError("--splits is between 1 and 100, not \(splits)") }
      guard !identify || (cheat && engine == CheatedEngine.spdz.rawValue) else {
        throw UsageError("--identify is for --cheat with the engine spdz: it names the party that tampers")
      }
      guard let engine = CheatedEngine(rawValue: engine) else {
        throw UsageError(
          "--engine is \(CheatedEngine.allCases.map(\.rawValue).joined(separator: " or ")), not \"\(self.engine)\"")
      }
      let story = CreditStory(
        dataFolder: data, seed: seed, executable: try Executable.path,
        deadline: .milliseconds(Int64(deadline * 1000)), cheated: cheat ? engine : nil, identifies: identify,
        splits: splits)
      let line = ProgressLine()
      let report = try await story.tell { line.show("\($0) …") }
      line.clear()
      try report.show(in: output, json: json)
      if let error = report.cheat?.error { throw error }
    }
  }
}
