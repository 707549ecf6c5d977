import Foundation

/// Reads models of Keras 2 and 3 in HDF5 files, `model.save("model.h5")`: https://keras.io. They are written as ONNX graphs, which the ONNX
/// reader takes.
extension ModelFile {
  /// Reads a Keras file: a `Sequential` model, or a functional one of supported layers with one input and one output.
  ///
  /// Images stay as Keras has them, channels last. The HDF5 library reads the file's structure; links into other files are not followed.
  ///
  /// - Throws: ``ModelFileError``; all layers that are not supported are named at once.
  public static func loadKeras(from path: String) throws(ModelFileError) -> ModelFile {
    guard FileManager.default.isReadableFile(atPath: path) else {
      let isThere = FileManager.default.fileExists(atPath: path)
      throw .unreadable(path: path, reason: isThere ? "it is not readable" : "there is no such file")
    }
    do throws(ModelFileError) {
      let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
      let model = try HDF5File.exclusively(byteCount: size ?? 0) { () throws(ModelFileError) in
        var reader = try KerasReader(HDF5File(path: path))
        return try reader.read()
      }
      return try ONNXReader(model, tensors: ONNXTensorReader(folder: nil)).read(
        name: URL(fileURLWithPath: path).lastPathComponent)
    } catch {
      throw .inFile(path, error)
    }
  }
}
