public import Foundation
import SwiftProtobuf
import Tensors

/// Reads the Open Neural Network Exchange format, operator sets 1 to 25: https://onnx.ai. The messages are those of
/// `Scripts/protobuf/onnx.proto`.
///
/// The first axis of the data input counts examples. All weights become inputs of the program by the names they have in the file, so that
/// an engine can share them; what depends on weights alone is computed here, once.
extension ModelFile {
  /// The largest ONNX file read, in bytes; weights may lie in files beside it.
  static let largestONNX = 2 << 30

  /// Reads an ONNX file, and the files of weights that it names in its own folder.
  ///
  /// - Throws: ``ModelFileError``; all operators that are not supported are named at once.
  public static func loadONNX(from path: String) throws(ModelFileError) -> ModelFile {
    let url = URL(fileURLWithPath: path)
    let data: Data
    do {
      data = try Data(contentsOf: url, options: .mappedIfSafe)
    } catch {
      let isThere = FileManager.default.fileExists(atPath: path)
      throw .unreadable(path: path, reason: isThere ? "it is not readable" : "there is no such file")
    }
    do {
      return try parseONNX(
        data, name: url.lastPathComponent, folder: url.deletingLastPathComponent())
    } catch {
      throw .inFile(path, error)
    }
  }

  /// Reads the bytes of an ONNX file.
  ///
  /// - Parameters:
  ///   - name: for the provenance.
  ///   - folder: where files of weights lie; none are read where there is none.
  /// - Throws: ``ModelFileError``; nothing in the bytes can trap or make the reader allocate much more than they hold.
  public static func parseONNX(
    _ data: Data, name: String, folder: URL? = nil
  ) throws(ModelFileError) -> ModelFile {
    guard data.count <= largestONNX else { throw .notONNX(reason: "it has more than 2 GiB") }
    let model: Onnx_ModelProto
    do {
      model = try Onnx_ModelProto(serializedBytes: data)
    } catch {
      throw .notONNX(reason: "its protocol buffer cannot be read")
    }
    guard model.hasGraph, !model.graph.node.isEmpty else { throw .notONNX(reason: "it holds no graph") }
    return try ONNXReader(model, tensors: ONNXTensorReader(folder: folder)).read(name: name)
  }
}
