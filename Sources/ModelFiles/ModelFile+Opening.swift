extension ModelFile {
  /// Reads a model of any format that is known by its file's ending: `.onnx`, `.h5` and `.hdf5` (Keras), else `.tacit`.
  public static func open(_ path: String) throws(ModelFileError) -> ModelFile {
    switch path.lowercased().split(separator: ".").last {
    case "onnx": return try loadONNX(from: path)
    case "h5", "hdf5": return try loadKeras(from: path)
    case "keras":
      throw .inFile(path, .notKeras(reason: "it is of Keras' zipped format; save it again as model.save(\"model.h5\")"))
    case "safetensors", "npz":
      throw .inFile(path, .inconsistent("it holds tensors alone; its layers have to be described beside it"))
    default: return try load(from: path)
    }
  }
}
