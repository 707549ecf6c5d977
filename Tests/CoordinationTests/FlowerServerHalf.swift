import Foundation
import Processes
import Testing

/// The example's server half of a masked sum, in a Python process that this side drives stage by stage.
final class FlowerServerHalf {
  /// What the Python side says: messages to workers in base 64, or how the attempt ended.
  struct Word: Decodable {
    var messages: [String: String]?
    var sums: [UInt64]?
    var names: [String]?
    var failed: String?
    var refusals: [String: String]?
  }

  private let process = Process()
  private let (input, output) = (Pipe(), Pipe())

  private static let driver = """
    import base64, json, sys
    from cryptography.hazmat.primitives.asymmetric import ec
    from tacit_flower.masked_sum import MaskedSum, SumFailed
    def say(**word): print(json.dumps(word), flush=True)
    def hear(): return json.loads(sys.stdin.readline())
    start = hear()
    keys = {name: ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64.b64decode(key))
            for name, key in start["keys"].items()}
    attempt = MaskedSum(keys, start["values"], start["bits"], start["minimum"],
                        base64.b64decode(start["context"]))
    stages = attempt.run()
    messages = next(stages)
    try:
        while True:
            say(messages={name: base64.b64encode(message).decode() for name, message in messages.items()})
            messages = stages.send({name: base64.b64decode(reply) for name, reply in hear().items()})
    except StopIteration as end:
        say(sums=[int(value) for value in end.value[0]], names=end.value[1], refusals=attempt.refusals)
    except SumFailed as failure:
        say(failed=str(failure), refusals=attempt.refusals)
    """

  struct Start: Encodable {
    var keys: [String: String]
    var values: Int
    var bits: Int
    var minimum: Int
    var context: String
  }

  init(_ programs: FlowerPrograms, _ start: Start) throws {
    process.executableURL = URL(fileURLWithPath: programs.python)
    process.arguments = ["-c", Self.driver]
    process.currentDirectoryURL =
      URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Examples/flower").standardizedFileURL
    process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
    try say(start)
  }

  deinit { process.end() }

  func say(_ word: some Encodable) throws {
    try input.fileHandleForWriting.write(contentsOf: try JSONEncoder().encode(word) + Data("\n".utf8))
  }

  func hear() throws -> Word {
    var line = Data()
    while line.last != UInt8(ascii: "\n") {
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { break }
      line += more
    }
    return try JSONDecoder().decode(Word.self, from: line)
  }
}
