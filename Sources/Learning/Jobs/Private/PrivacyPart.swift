public import Privacy

/// How a job's training is differentially private: `privacy:` of a job file.
public struct PrivacyPart: Hashable, Sendable, Codable {
  /// Whose presence in the data nobody shall be able to tell.
  public var unit: Unit
  public var method: Method
  public var clipping: ExamplePrivacy.Clipping
  public var noise: Noise
  /// δ.
  public var delta: Double
  /// Whose opinion ε is.
  public var accountant: AccountantKind
  /// At most so many examples are in memory at a time.
  public var physicalBatch: Int
  /// Over how many steps DP-FTRL takes noise back; chosen where it is `nil`.
  public var band: Int?
  /// β of the moving average of weights that leaves in their place (``ExamplePrivacy/average``).
  public var average: Double?
  /// Where the noise of gradients comes from.
  public var sampler = ExamplePrivacy.Sampler.fast

  public enum Unit: String, Hashable, Sendable, Codable, CaseIterable {
    /// Rows are noised by their owner before anything is trained.
    case local
    /// One training row.
    case example
    /// All rows of one worker.
    case client
  }

  /// What is noised; of `unit: example`.
  public enum Method: String, Hashable, Sendable, Codable, CaseIterable {
    /// The gradients of every step: DP-SGD.
    case gradients
    /// The gradients of every step, without samples and with noise that later steps take back in part: DP-FTRL.
    case ftrl
    /// The sums of a linear regression's normal equations, once; for a model of one dense layer.
    case statistics
  }

  public enum Noise: Hashable, Sendable, Codable {
    /// Times the clipping norm.
    case multiplier(Double)
    /// As much as keeps ε of the whole training to this.
    case targetEpsilon(Double)
  }

  public init(
    unit: Unit = .example, method: Method = .gradients, clipping: ExamplePrivacy.Clipping = .flat(norm: 1),
    noise: Noise, delta: Double,
    accountant: AccountantKind = .pld, physicalBatch: Int = 512
  ) {
    self.unit = unit
    self.method = method
    self.clipping = clipping
    self.noise = noise
    self.delta = delta
    self.accountant = accountant
    self.physicalBatch = physicalBatch
  }
}
