/// One line of `tacit bench --json`, with the keys of the peers' scripts.
public struct WorkloadMeasurement: Hashable, Sendable, Codable {
  public var peer: String
  public var workload: String
  public var `protocol`: String
  /// Where they are not the usual ones.
  public var optimise: String?
  public var truncation: String?
  public var transport: String
  public var parties: Int
  public var batch: Int
  /// From shares to shares at the slowest party.
  public var secondsMedian: Double
  public var secondsMinimum: Double
  public var runs: Int
  /// Between the parties, exactly as planned; sharing the input and revealing the result are not in it.
  public var bytesSentTotal: Int
  public var rounds: Int
  /// What a dealer takes beforehand for one run, with the way to the last party.
  public var offlineSeconds = 0.0
  public var dealtBytes = 0
  public var maxAbsoluteError: Double
  /// The simulated network, where there is one.
  public var rttSeconds: Double?
  public var bandwidthBitsPerSecond: Double?

  private enum CodingKeys: String, CodingKey {
    case peer, workload, `protocol`, optimise, truncation, transport, parties, batch, runs, rounds, offlineSeconds
    case dealtBytes
    case secondsMedian = "seconds_median"
    case secondsMinimum = "seconds_min"
    case bytesSentTotal = "bytes_sent_total"
    case maxAbsoluteError = "max_abs_err"
    case rttSeconds = "rtt_seconds"
    case bandwidthBitsPerSecond = "bandwidth_bits_per_second"
  }
}
