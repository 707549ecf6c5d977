/// What a worker's owner lets out of the worker. Nothing, unless a rule says otherwise.
public struct ReleasePolicy: Hashable, Sendable {
  /// Lets out sums over all rows of an own tensor; see `Statistic` for what counts as one.
  public struct Aggregates: Hashable, Sendable {
    /// The fewest rows that a statistic is taken over.
    public let minimumRows: Int
    /// How many different statistics of one population leave in all, whoever asks and however often.
    public let statistics: Int

    /// - Throws: ``RemoteError/misuse(_:)`` unless there are at least two rows, and fewer statistics than rows.
    public init(minimumRows: Int, statistics: Int) throws(RemoteError) {
      guard minimumRows >= 2, (1..<minimumRows).contains(statistics) else {
        throw .misuse(
          "a rule over at least \(minimumRows) rows cannot release \(statistics) statistics: "
            + "take two rows or more, and from 1 up to one statistic less than rows")
      }
      self.minimumRows = minimumRows
      self.statistics = statistics
    }
  }

  /// The rule for `get()`, and for other ways out in the clear; without one nothing is released.
  public var aggregates: Aggregates?
  /// Workers that may be handed own data in the clear. They never let it out again.
  public var movesTo: Set<String>
  /// Workers that may hold shares of own data, of which this worker always keeps one.
  public var sharesWith: Set<String>

  public init(aggregates: Aggregates? = nil, movesTo: Set<String> = [], sharesWith: Set<String> = []) {
    self.aggregates = aggregates
    self.movesTo = movesTo
    self.sharesWith = sharesWith
  }

  /// Nothing leaves.
  public static let closed = ReleasePolicy()
}
