import ArgumentParser
import Foundation
import Tacit

extension DealerCommand {
  struct Paillier: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Deal a key for encrypted sums: a public part, and a share for each key-holder.",
      discussion: """
        Federated jobs with aggregation: paillier encrypt updates under this key. Any THRESHOLD of the HOLDERS open a \
        sum; fewer learn nothing. The whole key exists in this process alone, while it runs: it writes the shares and \
        forgets the rest. That is a matter of trust: whoever keeps a copy of all that this process knew, or of \
        THRESHOLD shares, can read every update. Deal on a machine that none of the coordinator's people use, hand each \
        holder one share over a safe way, and remove the folder then.

        Everybody gets paillier.key: workers name it in their policy (paillierKey: paillier.key), the coordinator with \
        --paillier-key. Key-holder N gets holder-N.share.

        Example: tacit dealer paillier --holders 3 --threshold 2 --output key
        """)

    @Option(help: "How many key-holders there are.") var holders: Int
    @Option(help: "How many of them open a sum.") var threshold: Int
    @Option(help: "The size of the key: 2048 takes a second, 3072 up to twenty.") var bits = 2048
    @Option(help: "The folder to fill; existing files are never replaced.") var output: String
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
      guard FileManager.default.contents(atPath: output + "/" + KeyFiles.keyName) == nil else {
        throw UsageError("\(output) holds a key already: name another folder with --output")
      }
      let (key, shares) = try ThresholdKey.deal(bitCount: bits, threshold: threshold, holders: holders)
      try KeyFiles.save(key, shares, to: output)
      let report = KeyReport(
        key: output + "/" + KeyFiles.keyName, shares: shares.map { output + "/" + KeyFiles.shareName($0.holder) },
        fingerprint: Hexadecimal.text(key.publicKey.fingerprint), bits: bits, threshold: threshold)
      if json { return try JSONOutput.print(report) }
      print(report.text)
    }
  }
}

/// A key that was dealt.
struct KeyReport: Encodable {
  let key: String
  let shares: [String]
  let fingerprint: String
  let bits: Int
  let threshold: Int

  var text: String {
    """
    \(key): the public part, for workers and the coordinator; key \(fingerprint), \(bits) bits
    \(shares.joined(separator: ", ")): one for each key-holder, any \(threshold) of them open sums
    Hand them out and remove the folder: whoever has \(threshold) of them reads everything.
    """
  }
}
