import Foundation
import ModelFiles
import Tensors
import Testing

@Suite struct SafetensorsTests {
  private func file(_ header: String, _ body: [UInt8]) -> Data {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8) + Data(body)
  }

  /// Bytes by the format's own rules: 1 as a half, 2 as a brain float, 3 as a single, 4 as a double.
  @Test func allFloatsAreRead() throws {
    let header = """
      {"__metadata__":{"by":"hand"},"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},\
      "b":{"dtype":"BF16","shape":[],"data_offsets":[2,4]},"s":{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]},\
      "d":{"dtype":"F64","shape":[1],"data_offsets":[8,16]},"n":{"dtype":"I64","shape":[1],"data_offsets":[16,24]},\
      "e":{"dtype":"F32","shape":[0,3],"data_offsets":[24,24]}}
      """
    let body: [UInt8] =
      [0x00, 0x3C, 0x00, 0x40, 0x00, 0x00, 0x40, 0x40, 0, 0, 0, 0, 0, 0, 0x10, 0x40] + Array(repeating: 1, count: 8)
    let tensors = try Safetensors.parse(file(header, body))
    #expect(tensors["h"] == Tensor(shape: [1], scalars: [1]))
    #expect(tensors["b"] == Tensor(shape: [], scalars: [2]))
    #expect(tensors["s"] == Tensor(shape: [1, 1], scalars: [3]))
    #expect(tensors["d"] == Tensor(shape: [1], scalars: [4]))
    #expect(tensors["e"]?.shape == [0, 3] && tensors["n"] == nil)
    #expect(try Safetensors.parse(Safetensors.encoded(tensors)) == tensors)
  }

  @Test(arguments: [
    "", "[]", "{\"a\":{}}", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
    "{\"a\":{\"dtype\":\"Q4\",\"shape\":[1],\"data_offsets\":[0,4]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1000000,1000000,1000000],\"data_offsets\":[0,4]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}",
  ]) func brokenFilesAreRefused(_ header: String) throws {
    #expect(throws: ModelFileError.self) { try Safetensors.parse(file(header, [0, 0, 0x80, 0x3F])) }
    #expect(throws: ModelFileError.self) { try Safetensors.parse(Data(repeating: 0xFF, count: 12)) }
    #expect(throws: ModelFileError.self) { try Safetensors.parse(Data([1, 2])) }
  }
}
