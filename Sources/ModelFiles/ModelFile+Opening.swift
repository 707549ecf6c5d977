extension ModelFile {
  /// Reads a model of any format that is known by its file's ending: `.onnx`, else `.tacit`.
  public static func open(_ path: String) throws(ModelFileError) -> ModelFile {
    path.lowercased().hasSuffix(".onnx") ? try loadONNX(from: path) : try load(from: path)
  }
}
