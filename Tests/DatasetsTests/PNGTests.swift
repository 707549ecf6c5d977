import Datasets
import Foundation
import Tensors
import Testing

/// Pictures made by Python's zlib with all five filters in turn; the samples are the formulas below.
@Suite struct PNGTests {
  // 4x6 grey, 3x5 RGB and 2x5 RGB with alpha.
  private static let grey =
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAGCAAAAADBUmCpAAAAA3RFWHRhAGLcSaI7AAAAJklEQVR42mNgYGRiZtQQEh"
    + "Ji0rD0imYOMLf3YNGwdI1mOCFXcgoANOQFqCZu8XAAAAAASUVORK5CYII="
  private static let colour =
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAAFCAIAAAAPE8H1AAAAA3RFWHRhAGLcSaI7AAAAL0lEQVR42mNgYJexL1j/J/"
    + "wAo7yatX3m5L3PBZnkYYDZzslH3yXyHfMMFqgImyAAXiIMNztvR3cAAAAASUVORK5CYII="
  private static let alpha =
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAAFCAYAAABvsz2cAAAAA3RFWHRhAGLcSaI7AAAALElEQVR42mNgYOX6LyIp95"
    + "+RV0j8v4iICAMTLy8vAwgzS8nKNwgKCjKwwEQAocIFeUMW7YwAAAAASUVORK5CYII="

  private func read(_ bytes: Data) throws -> PNG.Picture {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString).png")
    try bytes.write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    return try PNG.read(path: path.path)
  }

  private func bytes(_ text: String) throws -> Data { try #require(Data(base64Encoded: text)) }

  @Test func picturesAreRead() throws {
    let grey = try read(try bytes(Self.grey))
    #expect((grey.width, grey.height, grey.channelCount) == (4, 6, 1))
    for place in 0..<24 {
      let (row, column) = (place / 4, place % 4)
      let expected = 17 * row * column + 40 * row + column
      #expect(Int(grey.samples[place]) == expected % 256)
    }
    let colour = try read(try bytes(Self.colour))
    for place in 0..<45 {
      let (row, column) = (place / 9, place % 9)
      let expected = 31 * row + 7 * column * column
      #expect(Int(colour.samples[place]) == expected % 256)
    }
    let planes = try #require(colour.tensor(channelCount: 3, scale: 1))
    #expect(planes.shape == [3, 5, 3] && planes.scalars[15 + 4] == Float(colour.samples[3 * 4 + 1]))
    let alpha = try read(try bytes(Self.alpha))
    #expect(alpha.channelCount == 3 && alpha.samples[3] == UInt8(5 * 4))
    #expect(alpha.tensor(channelCount: 1, scale: 1)?.shape == [1, 5, 2])
  }

  /// Every cut and every changed byte ends in the room's error.
  @Test func brokenPicturesAreRefused() throws {
    let whole = try bytes(Self.colour)
    for count in 0..<whole.count { #expect(throws: DatasetError.self) { try read(whole.prefix(count)) } }
    for place in whole.indices {
      var broken = whole
      broken[place] ^= 0x11
      #expect(throws: DatasetError.self) { try read(broken) }
    }
  }
}
