import Arithmetic
import Datasets
import Foundation
import ModelFiles
import Tensors
import TestSupport
import Testing

/// No bytes trap, whatever is cut off or turned: readers of files that others make.
@Suite struct DamagedFileTests {
  /// Calls a reader with some damaged forms of each file; the same ones every time.
  private func damage(_ files: [[UInt8]], times: Int, _ read: ([UInt8]) throws -> Void) {
    var random = PublicGenerator(state: (2, 0, 2, 6))
    for file in files where !file.isEmpty {
      for _ in 0..<times {
        var bytes = file
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          let place = Int.random(in: 0..<bytes.count, using: &random)
          switch Int.random(in: 0..<4, using: &random) {
          case 0: bytes[place] = [0, 0x7F, 0x80, 0xFF][Int.random(in: 0..<4, using: &random)]
          case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
          case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
          case _: bytes[place] = UInt8.random(in: 0...255, using: &random)
          }
        }
        if Int.random(in: 0..<4, using: &random) == 0 {
          bytes = Array(bytes.prefix(Int.random(in: 0..<bytes.count, using: &random)))
        }
        try? read(bytes)
      }
    }
  }

  private static let tensors = [
    "a": Tensor<Float>(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6]), "b.c": Tensor(shape: [], scalars: [7]),
  ]

  @Test func safetensors() throws {
    damage([[UInt8](try Safetensors.encoded(Self.tensors))], times: 3000) { bytes in
      let found = try Safetensors.parse(Data(bytes))
      #expect(found.values.allSatisfy { $0.scalars.count == $0.shape.count })
    }
  }

  @Test func archives() throws {
    let stored = StoredArchive.bytes(of: Self.tensors.map { ($0.key + ".npy", NPY.bytes(of: $0.value)) })
    damage([stored], times: 3000) { _ = try NPZ.parse($0) }
  }

  @Test func onnx() throws {
    damage(ModelCase.all.map { [UInt8]($0.model) }, times: 20) { _ = try ModelFile.parseONNX(Data($0), name: "m") }
  }
}
