import Foundation
import Processes
import Tensors

/// ONNX Runtime in a Python environment of its own, installed by its package's name.
enum ONNXRuntime {
  private static let folder = FileManager.default.urls(for: .cachesDirectory, in: .userDomainMask)[0]
    .appending(path: "tacit-peers/onnxruntime")
  private static let python = folder.appending(path: "bin/python3")

  /// Whether it is installed, or could be.
  static let isThere: Bool = {
    if (try? launch(python, ["-c", "import onnxruntime"])) == true { return true }
    let made = try? launch(URL(fileURLWithPath: "/usr/bin/env"), ["python3", "-m", "venv", folder.path])
    return made == true && (try? launch(python, ["-m", "pip", "install", "--quiet", "onnxruntime"])) == true
  }()

  /// The results of models on inputs.
  static func run(_ models: [(encoded: () throws -> Data, x: Tensor<Float>)]) throws -> [Tensor<Float>] {
    let place = FileManager.default.temporaryDirectory.appending(path: "onnx-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: place) }
    var inputs: [Value] = []
    for (index, model) in models.enumerated() {
      try model.encoded().write(to: place.appending(path: "\(index).onnx"))
      inputs.append(Value(shape: model.x.shape.extents, scalars: model.x.scalars))
    }
    try JSONEncoder().encode(inputs).write(to: place.appending(path: "inputs.json"))
    guard try launch(python, ["-c", script, place.path]) else { throw Failure() }
    let results = try JSONDecoder().decode([Value].self, from: Data(contentsOf: place.appending(path: "results.json")))
    return results.map { Tensor(shape: Shape($0.shape), scalars: $0.scalars) }
  }

  private struct Value: Codable {
    var shape: [Int]
    var scalars: [Float]
  }

  private struct Failure: Error {}

  private static let script = """
    import json, sys
    import numpy
    import onnxruntime
    results = []
    for index, value in enumerate(json.load(open(sys.argv[1] + "/inputs.json"))):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(f"{sys.argv[1]}/{index}.onnx", options, providers=["CPUExecutionProvider"])
        x = numpy.array(value["scalars"], numpy.float32).reshape(value["shape"])
        y = session.run(None, {session.get_inputs()[0].name: x})[0]
        results.append({"shape": list(y.shape), "scalars": [float(v) for v in y.reshape(-1)]})
    json.dump(results, open(sys.argv[1] + "/results.json", "w"))
    """

  private static func launch(_ program: URL, _ arguments: [String]) throws -> Bool {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilGone()
    return process.terminationStatus == 0
  }
}
