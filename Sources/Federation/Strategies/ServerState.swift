import Foundation

/// What a server remembers from round to round, as a value that can be stored. An empty vector stands for its start.
public struct ServerState: Hashable, Sendable {
  /// The running mean of updates, of adaptive servers.
  public var momentum: [Float] = []
  /// The running mean or sum of their squares, of adaptive servers.
  public var squares: [Float] = []
  /// The server's control variate, of SCAFFOLD.
  public var control: [Float] = []
  /// The clipping norm of the next round, where it follows a quantile of the updates' lengths.
  public var clip: Double?

  public init() {}

  /// The server's control variate as workers are sent it: zeros at first.
  public func control(count: Int) -> [Float] {
    control.isEmpty ? [Float](repeating: 0, count: count) : control
  }
}

/// Vectors are stored as bytes, four a value, little-endian.
extension ServerState: Codable {
  private enum Key: String, CodingKey { case momentum, squares, control, clip }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    func vector(_ key: Key) throws -> [Float] {
      let bytes = [UInt8](try container.decode(Data.self, forKey: key))
      guard let values = FloatBytes.values(of: bytes), values.isFinite else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: container, debugDescription: "a server's state is no vector of finite numbers")
      }
      return values
    }
    momentum = try vector(.momentum)
    squares = try vector(.squares)
    control = try vector(.control)
    clip = try container.decodeIfPresent(Double.self, forKey: .clip)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(Data(FloatBytes.bytes(of: momentum)), forKey: .momentum)
    try container.encode(Data(FloatBytes.bytes(of: squares)), forKey: .squares)
    try container.encode(Data(FloatBytes.bytes(of: control)), forKey: .control)
    try container.encodeIfPresent(clip, forKey: .clip)
  }
}
