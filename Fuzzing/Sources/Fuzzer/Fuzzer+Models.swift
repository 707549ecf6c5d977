import Foundation
import Tacit

/// Models as other tools write them, and what clients and pages send to parties.
extension Fuzzer {
  static func onnx(_ bytes: [UInt8]) {
    guard let model = try? ModelFile.parseONNX(Data(bytes), name: "fuzz") else { return }
    precondition((try? model.encoded()) != nil)
    _ = try? model.graph(batch: 3)
  }

  static func safetensors(_ bytes: [UInt8]) {
    guard let tensors = try? Safetensors.parse(Data(bytes)) else { return }
    precondition(tensors.values.allSatisfy { $0.scalars.count == $0.shape.count })
    guard tensors.values.allSatisfy({ $0.scalars.allSatisfy { !$0.isNaN } }) else { return }
    precondition((try? Safetensors.parse(Safetensors.encoded(tensors))) == tensors)
  }

  static func archive(_ bytes: [UInt8]) { _ = try? NPZ.parse(bytes, file: "fuzz") }

  /// Files that are read from a path: where there is one in memory, there.
  private static let folder: String = {
    let place = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    let folder = "\(place)/tacit-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let tensors = ["a": Tensor<Float>(repeating: 1, shape: [3, 2]), "b": Tensor<Float>(repeating: 1, shape: [3])]
    try? Safetensors.encoded(tensors).write(to: URL(fileURLWithPath: folder + "/m.safetensors"))
    return folder
  }()

  static func keras(_ bytes: [UInt8]) {
    let path = folder + "/m.h5"
    guard (try? Data(bytes).write(to: URL(fileURLWithPath: path))) != nil else { return }
    _ = try? ModelFile.loadKeras(from: path)
  }

  static func description(_ bytes: [UInt8]) {
    let path = folder + "/m.yaml"
    guard (try? Data(bytes).write(to: URL(fileURLWithPath: path))) != nil else { return }
    _ = try? ModelFile.open(folder + "/m.safetensors", description: path)
  }

  static func frame(_ bytes: [UInt8]) { _ = FrameReading.isReadable(bytes) }
}
