import ArgumentParser
import Foundation
import Tacit

struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Tell what a secret prediction or training sends, exactly and without running it.",
    discussion: """
      Of an encrypted job (.yaml) it tells what each step sends, what a dealer deals for it, and how many numbers are \
      opened to the job's owner; the job says all the rest, so that only --rtt, --bandwidth, --network and --json go with it.

      Examples: tacit plan model.tacit --engine replicated --batch 32 --network wan
                tacit plan job.yaml
      """)

  @Argument(
    help: "A model file (.tacit, .onnx, .h5, .safetensors, .npz), or a job (.yaml) with mode: encrypted.") var model:
    String
  @Option(help: "The engine: replicated, replicated-malicious, additive or spdz.") var engine = "replicated"
  @Option(help: "Computing parties; replicated has three, additive and spdz two or more.") var parties: Int?
  @Option(help: "Examples in one query.") var batch = 1
  @OptionGroup var secrecy: SecrecyFlags
  @Option(help: "Round-trip time between parties, such as 20ms.") var rtt: String?
  @Option(help: "Bandwidth of each party, such as 1Gbps.") var bandwidth: String?
  @Option(help: "A stated network: lan (0.2 ms, 10 Gbps) or wan (60 ms, 100 Mbps).") var network: String?
  @Option(help: "Where to draw a picture of the plan (.svg): the rounds and bytes of each step.") var svg: String?
  @Flag(help: "Print one JSON object.") var json = false

  func run() async throws {
    if model.hasSuffix(".yaml") || model.hasSuffix(".yml") {
      let network = try Network(name: network, roundTrip: rtt, bandwidth: bandwidth)
      return try await TrainingPlanOutput.print(planOf: model, network, json: json)
    }
    guard let kind = EngineOptions.Engine(rawValue: engine), kind.isSecret else {
      throw UsageError("tacit plan knows the engines \(EngineOptions.Engine.secretNames), not \"\(engine)\"")
    }
    let parties = try EngineOptions.checked(parties: parties, engine: kind)
    let options = try secrecy.options(engine: kind)
    let costs = kind.costs(partyCount: parties, options: options)
    guard (1...1 << 20).contains(batch) else { throw UsageError("--batch must be between 1 and 1048576, not \(batch)") }
    let fractionBits = try EngineOptions.checked(fractionBits: secrecy.fractionBits)
    let network = try Network(name: network, roundTrip: rtt, bandwidth: bandwidth)
    let file = try secrecy.open(model)
    let bounds = try ValueBounds(file, fractionBits: fractionBits)
    let plan = try await SecurePlan.query(
      try file.graph(batch: batch), dataInput: file.inputName, fractionBits: fractionBits, widths: bounds.widths,
      magnitudes: bounds.magnitudes, costs: costs)
    let seconds = plan.networkSeconds(
      roundTrip: network.roundTrip, bitsPerSecond: network.bitsPerSecond, partyCount: parties)
    if let svg {
      let title = "\(file.provenance.dataset), \(batch) \(batch == 1 ? "example" : "examples"), \(engine)"
      try Data(PlanChart(title: title, plan: plan).svg.utf8).write(to: URL(fileURLWithPath: svg), options: .atomic)
    }
    if json {
      try JSONOutput.print(
        PlanReport(
          plan: plan, engine: engine, options: kind == .replicated ? options : nil, batch: batch, seconds: seconds,
          network: network))
    } else {
      print(PlanText.table(plan, options: options, seconds: seconds, network: network))
    }
  }
}

/// A network as a plan assumes it.
struct Network {
  var roundTrip: Double
  var bitsPerSecond: Double

  init(name: String?, roundTrip: String?, bandwidth: String?) throws {
    switch name {
    case nil, "lan": (self.roundTrip, bitsPerSecond) = (0.0002, 10e9)
    case "wan": (self.roundTrip, bitsPerSecond) = (0.06, 100e6)
    case let other?: throw UsageError("--network is lan or wan, not \"\(other)\"")
    }
    if let roundTrip {
      self.roundTrip = try Quantity.parse(roundTrip, "--rtt", units: ["us": 1e-6, "ms": 1e-3, "s": 1], example: "20ms")
    }
    if let bandwidth {
      bitsPerSecond = try Quantity.parse(
        bandwidth, "--bandwidth", units: ["kbps": 1e3, "mbps": 1e6, "gbps": 1e9, "bps": 1], example: "1Gbps")
      guard bitsPerSecond > 0 else { throw UsageError("--bandwidth must be more than nothing") }
    }
  }
}

/// Numbers with units.
enum Quantity {
  static func parse(_ text: String, _ flag: String, units: [String: Double], example: String) throws -> Double {
    let lowered = text.lowercased()
    for (unit, factor) in units.sorted(by: { $0.key.count > $1.key.count }) where lowered.hasSuffix(unit) {
      if let value = Double(lowered.dropLast(unit.count).trimmingCharacters(in: .whitespaces)), value.isFinite,
        value >= 0
      {
        return value * factor
      }
      break
    }
    throw UsageError("\(flag) needs a number with a unit, such as \(example), not \"\(text)\"")
  }
}

private struct PlanReport: Encodable {
  let engine: String
  let optimise: String?
  let truncation: String?
  let batch: Int
  let rounds: Int
  let bytesSent: Int
  let dealtBytes: Int
  let bytesByParty: [Int]
  let peakMemoryBytes: Int
  let failureProbability: Double
  let seconds: Double
  let rttSeconds: Double
  let bandwidthBitsPerSecond: Double
  let opened: [SecurePlan.Opening]
  let layers: [SecurePlan.Layer]

  init(
    plan: SecurePlan, engine: String, options: ReplicatedOptions?, batch: Int, seconds: Double, network: Network
  ) {
    self.engine = engine
    optimise = options?.optimise.rawValue
    truncation = options?.truncation.rawValue
    self.batch = batch
    rounds = plan.rounds
    bytesSent = plan.bytesSent
    dealtBytes = plan.dealtBytes
    bytesByParty = plan.bytesByParty
    peakMemoryBytes = plan.peakMemoryBytes
    failureProbability = plan.failureProbability
    self.seconds = seconds
    rttSeconds = network.roundTrip
    bandwidthBitsPerSecond = network.bitsPerSecond
    opened = plan.opened
    layers = plan.layers
  }
}

private enum PlanText {
  static func table(_ plan: SecurePlan, options: ReplicatedOptions, seconds: Double, network: Network) -> String {
    var lines = ["layer                     operation       rounds          bytes  compared on"]
    for layer in plan.layers {
      let width = layer.width.map { "\(right($0, 8)) bits" } ?? ""
      let failure = layer.failureProbability.map { "  fails: \(scientific($0))" } ?? ""
      lines.append(line(layer.name, layer.operation, layer.rounds, layer.bytesSent) + width + failure)
    }
    lines.append(line("total", "", plan.rounds, plan.bytesSent))
    if plan.dealtBytes > 0 { lines.append("dealt beforehand: \(plan.dealtBytes) bytes") }
    lines.append("")
    if options.optimise == .rounds { lines.append("optimised for rounds: party 2 deals to parties 0 and 1") }
    if options.truncation == .fast {
      lines.append("fast truncation: wrong with a probability of at most \(scientific(plan.failureProbability))")
    }
    let parts = plan.bytesByParty.enumerated().map { "party \($0) sends \($1) bytes" }
    lines.append("of which " + parts.joined(separator: ", "))
    lines.append("a party holds up to \(plan.peakMemoryBytes) bytes of shares and messages")
    for opening in plan.opened {
      lines.append("\(opening.value) is revealed to \(opening.recipients), nothing else to anybody")
    }
    lines.append(
      "about \(seconds.formatted(.number.precision(.significantDigits(3)))) s on the wire at "
        + "\((network.roundTrip * 1000).formatted()) ms round trip and \((network.bitsPerSecond / 1e6).formatted()) Mbit/s"
    )
    return lines.joined(separator: "\n")
  }

  private static func scientific(_ number: Double) -> String {
    number.formatted(.number.notation(.scientific).precision(.significantDigits(2)))
  }

  private static func line(_ name: String, _ operation: String, _ rounds: Int, _ bytes: Int) -> String {
    func padded(_ text: String, _ width: Int) -> String {
      text.count >= width ? text + " " : text + String(repeating: " ", count: width - text.count)
    }
    return padded(name, 26) + padded(operation, 14) + right(rounds, 8) + right(bytes, 15)
  }

  private static func right(_ number: Int, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
