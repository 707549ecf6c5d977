internal import NIOCore

extension ChannelOptions.Types.WriteBufferWaterMark {
  /// At most a few pieces wait in a connection.
  static let link = ChannelOptions.Types.WriteBufferWaterMark(
    low: Outbox.pieceByteCount, high: 3 * Outbox.pieceByteCount)
}
