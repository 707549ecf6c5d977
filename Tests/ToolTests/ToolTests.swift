import Foundation
import Processes
import TestSupport
import Testing

/// The program as users call it, in processes of their own.
@Suite(.serialized) struct ToolTests {
  struct Run {
    var status: Int32
    var output: String
    var errors: String

    func json() throws -> [String: Any] {
      try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
    }
  }

  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-tool-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  static var program: URL? { BuiltProgram.tacit }

  func tacit(_ arguments: String...) throws -> Run { try tacit(arguments) }

  func tacit(_ arguments: [String]) throws -> Run {
    let started = try start(arguments)
    started.process.waitUntilGone()
    return try started.run()
  }

  /// A process of the program that runs, and where it writes.
  struct Started {
    let process: Process
    let output: URL
    let errors: URL

    /// What it came to, once it has ended.
    func run() throws -> Run {
      Run(
        status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
        errors: try String(contentsOf: errors, encoding: .utf8))
    }
  }

  func start(_ arguments: [String], input: Pipe? = nil) throws -> Started {
    let process = Process()
    process.executableURL = Self.program
    process.arguments = arguments
    process.currentDirectoryURL = folder
    // Files rather than pipes: nothing can fill up.
    let name = UUID().uuidString
    let output = folder.appendingPathComponent(name + ".output.txt")
    let errors = folder.appendingPathComponent(name + ".errors.txt")
    for file in [output, errors] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
    let handles = try [output, errors].map { try FileHandle(forWritingTo: $0) }
    (process.standardOutput, process.standardError) = (handles[0], handles[1])
    process.standardInput = input ?? FileHandle.nullDevice
    try process.run()
    // They are the process's now; open here, many runs would use up numbers that Foundation can watch.
    for handle in handles { try handle.close() }
    return Started(process: process, output: output, errors: errors)
  }

  func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: folder.appendingPathComponent(name))
  }

  /// A model trained on a table of this test.
  func train() throws {
    var rows = "height,kind,label\n"
    for index in 0..<80 { rows += "\(index % 10).5,\(index % 3 == 0 ? "a" : "b"),\(index % 10 < 5 ? "no" : "yes")\n" }
    try write("table.csv", rows)
    try write(
      "job.yaml",
      """
      model: {layers: [{dense: 8}, relu, {dense: 1}, sigmoid]}
      data: {file: table.csv, target: label, test: 0.25}
      training: {epochs: 30, batch: 16, loss: binaryCrossEntropy, optimizer: {adam: {learningRate: 0.02}}, seed: 3}
      output: run
      """)
    let run = try tacit("train", "job.yaml", "--json")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try run.json()["accuracy"] as? Double ?? 0 > 0.9)
  }

  /// With a party that cheats in the end, so that the program says who, how it was found, and that nothing came out.
  @Test(arguments: [("spdz", true), ("spdz", false), ("replicated-malicious", false)])
  func theCreditStoryIsTold(engine: String, identifies: Bool) throws {
    let run = try tacit(
      ["demo", "credit", "--cheat", "--engine", engine, "--splits", "2", "--json"] + (identifies ? ["--identify"] : []))
    #expect(run.status == 5 && run.errors.contains("no output was released"), "\(run.errors)")
    #expect(run.errors.contains(identifies ? "party 1 cheated: " : "a party cheated: "), "\(run.errors)")
    let report = try run.json()
    let cheat = try #require(report["cheat"] as? [String: Any])
    #expect(cheat["party"] as? Int == 1 && cheat["released"] as? Bool == false)
    #expect(cheat["proven"] as? Bool == (identifies ? true : nil))
    let (check, layer) = (cheat["check"] as? String, cheat["layer"] as? String)
    if engine == "spdz" {
      #expect(check == "words" && layer?.isEmpty == false && run.errors.contains("in layer \(layer ?? "?")"))
    } else {
      // Who holds a wrong share finds that others open something else.
      #expect(["products", "agreement"].contains(check ?? "") && layer?.isEmpty == false)
    }
    let encrypted = try #require(report["encrypted"] as? [String: Any])
    let planned = try #require(encrypted["planned"] as? [String: Int])
    #expect(encrypted["agreement"] as? Double == 1)
    #expect(encrypted["maxAbsoluteError"] as? Double ?? 1 <= 5e-4)
    #expect(encrypted["rounds"] as? Int == planned["rounds"])
    #expect(encrypted["bytesSent"] as? Int == planned["bytesSent"])
    let ways = try #require((report["ways"] as? [String: Any])?["rows"] as? [[String: Any]])
    let means = ways.compactMap { $0["mean"] as? Double }
    // What is averaged is the same behind masks; noise on the rows costs most.
    try #require(means.count == 6)
    #expect(means[1] == means[2] && means[..<4].allSatisfy { $0 > 0.78 }, "\(means)")
    #expect(means[4] > 0.7 && means[5] > 0.4, "\(means)")
    #expect((report["goals"] as? [[String: Any]])?.count == 4)
    let page = try String(
      contentsOf: folder.appendingPathComponent("runs/demo-credit/report.html"), encoding: .utf8)
    #expect(page.contains("<svg") && !page.contains("http"))
  }

  @Test func trainsPlansAndPredictsInSecret() throws {
    try train()
    let plain = try tacit("predict", "run/model.tacit", "--input", "table.csv", "--output", "plain.npy")
    #expect(plain.status == 0, "\(plain.errors)")
    let plan = try tacit("plan", "run/model.tacit", "--batch", "80", "--json").json()
    for transport in ["memory", "tls"] {
      let run = try tacit(
        "predict", "run/model.tacit", "--input", "table.csv", "--engine", "replicated", "--transport", transport,
        "--json")
      #expect(run.status == 0, "\(run.errors)")
      let report = try run.json()
      #expect(report["maxAbsoluteError"] as? Double ?? 1 <= 5e-4)
      #expect(report["rounds"] as? Int == plan["rounds"] as? Int)
      #expect(report["bytesSent"] as? Int == plan["bytesSent"] as? Int)
    }
  }

  /// The parties are told what to spend less of, and how to truncate; the program holds traffic against the plan itself.
  @Test func protocolsMayBeChosen() throws {
    try train()
    let usual = try tacit("plan", "run/model.tacit", "--batch", "80", "--json").json()
    let flags = ["--optimise", "rounds", "--truncation", "fast"]
    let plan = try tacit(["plan", "run/model.tacit", "--batch", "80", "--json"] + flags).json()
    #expect(plan["rounds"] as? Int ?? .max < usual["rounds"] as? Int ?? 0)
    #expect(plan["optimise"] as? String == "rounds" && plan["truncation"] as? String == "fast")
    #expect(usual["failureProbability"] as? Double == 0)
    #expect((1e-9..<1e-3).contains(plan["failureProbability"] as? Double ?? 1))
    let run = try tacit(
      ["predict", "run/model.tacit", "--input", "table.csv", "--engine", "replicated", "--transport", "tls", "--json"]
        + flags)
    #expect(run.status == 0, "\(run.errors)")
    let report = try run.json()
    for key in ["rounds", "bytesSent"] { #expect(report[key] as? Int == plan[key] as? Int) }
    #expect(report["failureProbability"] as? Double == plan["failureProbability"] as? Double)
    let line = try tacit("bench", "--workload", "w7_max_128x10", "--optimise", "rounds", "--json").json()
    #expect(line["optimise"] as? String == "rounds" && line["rounds"] as? Int == 15)
  }

  /// Three processes, with and without TLS; traffic is held against the plan by the program itself.
  @Test(arguments: ["tcp", "tls"]) func benchMeasures(transport: String) throws {
    let line = try tacit("bench", "--workload", "w3_mlp_credit_logit_b1", "--transport", transport, "--json").json()
    #expect(line["workload"] as? String == "w3_mlp_credit_logit_b1" && line["transport"] as? String == transport)
    #expect(line["max_abs_err"] as? Double ?? 1 < 1e-3)
    #expect(line["bytes_sent_total"] as? Int ?? .max < 14_180)
  }

  /// Two parties and the dealer as processes; what is dealt stands apart.
  @Test(arguments: ["additive", "spdz"]) func partiesWithADealerPredictAndAreMeasured(engine: String) throws {
    try train()
    let plan = try tacit("plan", "run/model.tacit", "--batch", "80", "--engine", engine, "--json").json()
    let run = try tacit(
      "predict", "run/model.tacit", "--input", "table.csv", "--engine", engine, "--transport", "tls", "--json")
    #expect(run.status == 0, "\(run.errors)")
    let report = try run.json()
    #expect(report["maxAbsoluteError"] as? Double ?? 1 <= 5e-4)
    #expect(report["offlineSeconds"] as? Double ?? 0 > 0)
    for key in ["rounds", "bytesSent", "dealtBytes"] { #expect(report[key] as? Int == plan[key] as? Int, "\(key)") }
    let line = try tacit(
      "bench", "--workload", "w3_mlp_credit_logit_b1", "--engine", engine, "--transport", "tcp", "--json"
    ).json()
    #expect(line["protocol"] as? String == engine && line["parties"] as? Int == 2)
    #expect(line["max_abs_err"] as? Double ?? 1 < 1e-3 && line["dealtBytes"] as? Int ?? 0 > 0)
  }

  @Test func badInputIsOneSentenceAndExitTwo() throws {
    try train()
    let model = try Data(contentsOf: folder.appendingPathComponent("run/model.tacit"))
    try model.prefix(model.count / 2).write(to: folder.appendingPathComponent("half.tacit"))
    var flipped = model
    flipped[model.count / 2] ^= 1
    try flipped.write(to: folder.appendingPathComponent("flipped.tacit"))
    try write("broken.csv", "height,kind,label\n1,a,no\n2,b\n")
    try write("wide.csv", "height,kind,label\n1e30,a,no\n")
    try write("job-typo.yaml", "model: {layers: [relu]}\ndata: {set: iris}\ntraining: {epoch: 3}\n")
    let cases: [([String], String)] = [
      (["predict", "none.tacit", "--input", "table.csv"], "there is no such file"),
      (["predict", "half.tacit", "--input", "table.csv"], "cut off"),
      (["predict", "flipped.tacit", "--input", "table.csv"], "damaged"),
      (["predict", "run/model.tacit", "--input", "broken.csv"], "line 3"),
      (["predict", "run/model.tacit", "--input", "none.csv"], "none.csv"),
      (["predict", "run/model.tacit", "--input", "wide.csv", "--engine", "replicated"], "row 1, column 1"),
      (
        ["predict", "run/model.tacit", "--input", "wide.csv", "--engine", "replicated", "--input-range", "none"],
        "fraction bits"
      ),
      (["plan", "run/model.tacit", "--input-range", "4:-4"], "-4:4"),
      (["plan", "run/model.tacit", "--input-range", "-1e12:1e12"], "fraction bits"),
      (["predict", "run/model.tacit", "--input", "table.csv", "--fraction-bits", "40"], "--fraction-bits"),
      (["predict", "run/model.tacit", "--input", "table.csv", "--engine", "spdz9"], "spdz9"),
      (["predict", "run/model.tacit"], "--input"),
      (["train", "job-typo.yaml"], "did you mean"),
      (["train", "none.yaml"], "none.yaml"),
      (["demo", "credit", "--data", "/nowhere"], "/nowhere"),
      (["plan", "run/model.tacit", "--rtt", "fast"], "20ms"),
      (["plan", "run/model.tacit", "--optimise", "time"], "bytes, rounds"),
      (["plan", "run/model.tacit", "--truncation", "fast", "--input-range", "none"], "--input-range"),
      (["plan", "run/model.tacit", "--truncation", "fast", "--engine", "additive"], "replicated"),
      (["keys", "show", "nowhere"], "nowhere"),
      (["frobnicate"], "frobnicate"),
    ]
    for (arguments, hint) in cases {
      let run = try tacit(arguments)
      #expect(run.status == 2, "\(arguments): \(run.status) \(run.errors)")
      #expect(run.errors.contains(hint), "\(arguments): \(run.errors)")
      #expect(run.output.isEmpty)
    }
  }

  @Test func identitiesAreIssuedAndLooseKeysRefused() throws {
    #expect(try tacit("keys", "init", "authority").status == 0)
    #expect(
      try tacit("keys", "issue", "authority", "--role", "party", "--name", "p0", "--out", "p0").status == 0)
    let shown = try tacit("keys", "show", "p0", "--json").json()
    #expect(shown["role"] as? String == "party")
    // Keys are never replaced.
    #expect(
      try tacit("keys", "issue", "authority", "--role", "party", "--name", "p0", "--out", "p0").status == 2)
    try write(
      "cluster.yaml",
      "parties:\n"
        + (0..<3).map {
          "  - {name: p\($0), address: '127.0.0.1:\(1024 + $0)', certificate: \(String(repeating: "0\($0 + 1)", count: 32))}\n"
        }.joined())
    let stranger = try tacit("party", "--identity", "p0", "--cluster", "cluster.yaml", "--until-input-ends")
    #expect(stranger.status == 2 && stranger.errors.contains("names no party"))
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o644], ofItemAtPath: folder.appendingPathComponent("p0/key.pem").path)
    let loose = try tacit("party", "--identity", "p0", "--cluster", "cluster.yaml", "--until-input-ends")
    #expect(loose.status == 2 && loose.errors.contains("chmod 600"))
  }
}
