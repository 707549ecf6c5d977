import CHDF5
import Foundation
import Tensors

/// An open HDF5 file (libhdf5): texts that are attached to groups, and arrays of floats.
///
/// Links into other files, data outside of the file and filters from plugins are not followed. The library is used by one
/// thread at a time.
final class HDF5File {
  private let file: hid_t

  private static let largestText = 1 << 26
  private static let mostTexts = 1 << 16
  private static let lock = NSLock()

  /// What a body gave, on its way from its thread.
  private final class Outcome<Value>: @unchecked Sendable {
    let isThere = DispatchSemaphore(value: 0)
    /// Written before the semaphore is raised, and read after.
    var result: Result<Value, ModelFileError>?
  }

  /// Runs a body that may open a file of so many bytes; none may outlive it.
  ///
  /// Damage can send the library round in circles. A thread in it cannot be ended, so after 5 s and a second for every 20 MB the
  /// file is given up, and with it all files that this process would read.
  static func exclusively<Value: Sendable>(
    byteCount: Int, _ body: @escaping @Sendable () throws(ModelFileError) -> Value
  ) throws(ModelFileError) -> Value {
    let seconds = 5 + Double(byteCount) / 20e6
    guard lock.lock(before: Date(timeIntervalSinceNow: seconds)) else {
      throw .notKeras(
        reason: "the library that reads such files is still with another, damaged one; start the program again")
    }
    let outcome = Outcome<Value>()
    let thread = Thread {
      tacit_h5_prepare()
      do throws(ModelFileError) { outcome.result = .success(try body()) } catch { outcome.result = .failure(error) }
      outcome.isThere.signal()
    }
    thread.stackSize = 8 << 20
    thread.start()
    guard outcome.isThere.wait(timeout: .now() + seconds) == .success, let result = outcome.result else {
      throw .notKeras(reason: "reading it comes to no end, so it is damaged; copy it, or save it, again")
    }
    lock.unlock()
    return try result.get()
  }

  init(path: String) throws(ModelFileError) {
    file = tacit_h5_open(path)
    guard file >= 0 else { throw .notKeras(reason: "it is no HDF5 file, or not whole") }
  }

  deinit { H5Fclose(file) }

  /// The group or data at a path; given back by the caller.
  private func object(_ path: String) -> hid_t {
    var place = H5Oopen(file, "/", hid_t(0))
    for part in path.split(separator: "/") where place >= 0 {
      let next = tacit_h5_object(place, String(part))
      H5Oclose(place)
      place = next
    }
    return place
  }

  /// The texts of an attribute, one where it is no list; `nil` where there is none.
  func texts(_ attribute: String, of path: String = "/") throws(ModelFileError) -> [String]? {
    let owner = object(path)
    guard owner >= 0 else { return nil }
    defer { H5Oclose(owner) }
    guard H5Aexists(owner, attribute) > 0 else { return nil }
    let found = H5Aopen(owner, attribute, hid_t(0))
    let type = H5Aget_type(found)
    let space = H5Aget_space(found)
    defer {
      H5Sclose(space)
      H5Tclose(type)
      H5Aclose(found)
    }
    let count = Int(H5Sget_simple_extent_npoints(space))
    guard found >= 0, type >= 0, (0...Self.mostTexts).contains(count) else { throw malformed(attribute) }
    if count == 0 { return [] }
    guard H5Tget_class(type) == H5T_STRING else { throw malformed(attribute) }
    return try H5Tis_variable_str(type) > 0
      ? variableTexts(found, type, count, attribute) : fixedTexts(found, type, count, attribute)
  }

  private func fixedTexts(
    _ found: hid_t, _ type: hid_t, _ count: Int, _ name: String
  ) throws(ModelFileError) -> [String] {
    let size = H5Tget_size(type)
    guard size > 0, size <= Self.largestText / count else { throw malformed(name) }
    var bytes = [UInt8](repeating: 0, count: size * count)
    guard H5Aread(found, type, &bytes) >= 0 else { throw malformed(name) }
    return (0..<count).map { index in
      String(decoding: bytes[index * size..<(index + 1) * size].prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  private func variableTexts(
    _ found: hid_t, _ type: hid_t, _ count: Int, _ name: String
  ) throws(ModelFileError) -> [String] {
    var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    defer { for pointer in pointers { tacit_h5_free_text(pointer) } }
    guard tacit_h5_read_texts(found, type, &pointers) != 0 else { throw malformed(name) }
    return pointers.map { $0.map { String(cString: $0) } ?? "" }
  }

  /// An array of numbers as floats.
  func floats(_ path: String) throws(ModelFileError) -> Tensor<Float> {
    let data = object(path)
    guard data >= 0 else { throw .malformed("the Keras file has no array \"\(path)\"") }
    defer { H5Oclose(data) }
    guard H5Iget_type(data) == H5I_DATASET, tacit_h5_lies_here(data) != 0 else { throw malformed(path) }
    let (space, type) = (H5Dget_space(data), H5Dget_type(data))
    defer {
      H5Tclose(type)
      H5Sclose(space)
    }
    let rank = Int(H5Sget_simple_extent_ndims(space))
    guard (0...8).contains(rank), [H5T_FLOAT, H5T_INTEGER].contains(H5Tget_class(type)) else { throw malformed(path) }
    var extents = [hsize_t](repeating: 0, count: max(rank, 1))
    guard H5Sget_simple_extent_dims(space, &extents, nil) >= 0 else { throw malformed(path) }
    let shape = extents.prefix(rank).map { Int(clamping: $0) }
    // Unwritten data read as zeros, so that the announcement itself is bounded.
    guard Shape.isReasonable(shape), Shape(shape).count <= Self.mostScalars else { throw malformed(path) }
    var scalars = [Float](repeating: 0, count: Shape(shape).count)
    guard scalars.isEmpty || tacit_h5_read_floats(data, &scalars) != 0 else { throw malformed(path) }
    guard scalars.allSatisfy(\.isFinite) else {
      throw .malformed("the array \"\(path)\" has a value that is not a finite number")
    }
    return Tensor(shape: Shape(shape), scalars: scalars)
  }

  private static let mostScalars = 1 << 29

  private func malformed(_ what: String) -> ModelFileError {
    .malformed("\"\(what)\" of the Keras file cannot be read, or lies elsewhere")
  }
}
