import Datasets
import Foundation
import Tensors
import Testing

/// Files written by Python 3 with NumPy 2.4.6 (`numpy.lib.format.write_array`) and by Python's gzip.
private enum Golden {
  static func bytes(_ base64: String) -> [UInt8] { [UInt8](Data(base64Encoded: base64) ?? Data()) }

  static let float32 = bytes(
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAg"
      + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAMA/AAAAwAAAQEAAAIA+AACgQAAAwMA=")
  static let fortranFloat64 = bytes(
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMywgNCksIH0gICAgICAg"
      + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAAAAAAAAAChAAAAAAAAAEEAAAAAA"
      + "AAAwQAAAAAAAACBAAAAAAAAANEAAAAAAAADwPwAAAAAAACpAAAAAAAAAFEAAAAAAAAAxQAAAAAAAACJAAAAAAAAANUAAAAAAAAAAQAAA"
      + "AAAAACxAAAAAAAAAGEAAAAAAAAAyQAAAAAAAACRAAAAAAAAANkAAAAAAAAAIQAAAAAAAAC5AAAAAAAAAHEAAAAAAAAAzQAAAAAAAACZA"
      + "AAAAAAAAN0A=")
  static let int32 = bytes(
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPGk0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAgICAgICAg"
      + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAAAA/v///////38=")
  static let int64Version2 = bytes(
    "k05VTVBZAgB0AAAAeydkZXNjcic6ICc8aTgnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwgMSksIH0gICAgICAg"
      + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoHAAAAAAAAAPf/////////")
  static let bytesVersion3 = bytes(
    "k05VTVBZAwB0AAAAeydkZXNjcic6ICd8dTEnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwpLCB9ICAgICAgICAg"
      + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoA/w==")
  static let truths = bytes(
    "k05VTVBZAQB2AHsnZGVzY3InOiAnfGIxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAgICAgICAg"
      + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAAE=")
  static let scalar = bytes(
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAgICAgICAg"
      + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAACBA")
  static let empty = bytes(
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDAsIDMpLCB9ICAgICAgICAg"
      + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAo=")
  static let packedIDX = bytes("H4sIAAAAAAACA2Ng4GBiYGAAYWZGJmYWVjYASJQ+5RIAAAA=")
}

@Suite struct NPYTests {
  @Test func readsWhatNumPyWrites() throws {
    #expect(try NPY.parse(Golden.float32) == Tensor(shape: [2, 3], scalars: [1.5, -2, 3, 0.25, 5, -6]))
    #expect(try NPY.parse(Golden.fortranFloat64) == Tensor(shape: [2, 3, 4], scalars: (0..<24).map { Float($0) }))
    #expect(try NPY.parse(Golden.int32) == Tensor(shape: [3], scalars: [1, -2, 2_147_483_648]))
    #expect(try NPY.parse(Golden.int64Version2) == Tensor(shape: [2, 1], scalars: [7, -9]))
    #expect(try NPY.parse(Golden.bytesVersion3) == Tensor(shape: [2], scalars: [0, 255]))
    #expect(try NPY.parse(Golden.truths) == Tensor(shape: [3], scalars: [1, 0, 1]))
    #expect(try NPY.parse(Golden.scalar) == Tensor(shape: [], scalars: [2.5]))
    #expect(try NPY.parse(Golden.empty) == Tensor(shape: [0, 3], scalars: []))
  }

  @Test func writesWhatNumPyWrites() throws {
    for golden in [Golden.float32, Golden.scalar, Golden.empty] {
      #expect(NPY.bytes(of: try NPY.parse(golden)) == golden)
    }
  }

  /// A file of version 1 with a given header.
  func file(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
    [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + data
  }

  @Test func refusesWhatIsMalformed() {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n"
    let unknown = "a.npy: the header is not one that NumPy writes for a plain array; save the array again."
    let type = "a.npy: the scalars are of a type that is not read; save them as float32 in the byte order '<'."
    let cases: [([UInt8], String)] = [
      ([], "a.npy: the file does not begin as a NumPy array does; check that it is one."),
      (
        Array(file(header)[..<6]) + [4, 0] + Array(file(header)[8...]),
        "a.npy: the file is of NumPy format 4.0; versions 1 to 3 are read."
      ),
      (Array(file(header).dropLast(9)), "a.npy: the file ends inside its header; fetch it again."),
      (file(header), "a.npy: the header announces 4 bytes and 0 follow; save it again."),
      (file(header, [0, 0, 0, 0, 0]), "a.npy: the header announces 4 bytes and 5 follow; save it again."),
      (file(header, [0, 0, 0xC0, 0x7F]), "a.npy: a number is nan or inf; correct it."),
      (file(header.replacing("<f4", with: ">f4"), [0, 0, 0, 0]), type),
      (file(header.replacing("<f4", with: "|O"), [0, 0, 0, 0]), type),
      (
        file(header.replacing("<f4", with: "<f8"), [0, 0, 0, 0, 0, 0, 0xF0, 0x47]),
        "a.npy: a number is beyond single precision; correct it."
      ),
      (
        file(header.replacing("(1,)", with: "(0, 1099511627776, 1099511627776)")),
        "a.npy: the header announces more than 8 axes or 2^40 scalars."
      ),
      (file(header.replacing("(1,)", with: "(1)")), unknown), (file(header.replacing("(1,)", with: "(-1,)")), unknown),
      (file(header.replacing("(1,)", with: "(99999999999999999999,)")), unknown),
      (file(header.replacing("'shape'", with: "'descr'")), unknown),
      (file(header.replacing("'shape'", with: "'other'")), unknown), (file(header + "x"), unknown),
      (file("{}"), unknown), (file("__import__('os')"), unknown),
    ]
    for (bytes, error) in cases {
      #expect(message { _ = try NPY.parse(bytes, file: "a.npy") } == error)
    }
  }

  @Test func letsNonFiniteNumbersPassIfAsked() throws {
    let tensor = Tensor<Float>(shape: [2], scalars: [.infinity, 1])
    #expect(try NPY.parse(NPY.bytes(of: tensor), allowsNonFinite: true) == tensor)
  }

  @Test func writtenTensorsReadBackEqual() throws {
    var generator = TestGenerator(state: 3)
    for _ in 0..<500 {
      let extents = (0..<Int.random(in: 0...4, using: &generator)).map { _ in Int.random(in: 0...5, using: &generator) }
      let shape = Shape(extents)
      let tensor = Tensor(
        shape: shape, scalars: (0..<shape.count).map { _ in Float.random(in: -9...9, using: &generator) })
      let bytes = NPY.bytes(of: tensor)
      #expect(try NPY.parse(bytes) == tensor)
      #expect((bytes.count - 4 * tensor.count) % 64 == 0)
    }
  }
}

@Suite struct IDXTests {
  @Test func readsPackedAndPlainFiles() throws {
    let expected = Tensor<UInt8>(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6])
    #expect(try IDX.parse(Golden.packedIDX) == expected)
    #expect(try IDX.parse([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]) == expected)
  }

  @Test func refusesWhatIsMalformed() {
    var damaged = Golden.packedIDX
    damaged[damaged.count - 8] ^= 1
    let cases: [([UInt8], String)] = [
      ([], "i: the file does not begin as an IDX file; check that it is one."),
      ([0, 1, 8, 0], "i: the file does not begin as an IDX file; check that it is one."),
      ([0, 0, 13, 0], "i: the scalars are of IDX type 13; only 8, unsigned bytes, is read."),
      ([0, 0, 8, 1, 0, 0], "i: the file ends inside its header; fetch it again."),
      ([0, 0, 8, 1, 0, 0, 0, 2, 7], "i: the header announces 2 scalars and 1 follow; fetch the file again."),
      ([0, 0, 8, 1, 0, 0, 0, 1, 7, 8], "i: the header announces 1 scalars and 2 follow; fetch the file again."),
      (
        [0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255],
        "i: the header announces more than 8 axes or 2^40 scalars."
      ),
      (Array(Golden.packedIDX.dropLast()), "i: the packed file ends too early; fetch it again."),
      (damaged, "i: the packed file is damaged; fetch it again."),
      (Golden.packedIDX + [0], "i: 1 bytes follow the packed data; fetch the file again."),
    ]
    for (bytes, error) in cases {
      #expect(message { _ = try IDX.parse(bytes, file: "i") } == error)
    }
    #expect(
      message { _ = try IDX.parse(Golden.packedIDX, file: "i", limit: 17) }
        == "i: the file unpacks to more than the 17 bytes that are read at most.")
  }
}

/// Readers meet every kind of damage: bytes flipped, cut, doubled, moved.
@Suite struct MutationTests {
  @Test func noReaderTraps() throws {
    var generator = TestGenerator(state: 2_026)
    let text = "\u{FEFF}a,b;\"c\"\r\n1,?,\"x\"\"y\"\n-2.5,NA,é\n3e4,nan,\t\n1.234,5,inf\r"
    let seeds: [[UInt8]] = [
      Array(text.utf8), Array("x;y\n1,5;2\n3;4,25\n".utf8), Golden.float32, Golden.fortranFloat64, Golden.int64Version2,
      Golden.packedIDX, [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6],
    ]
    let formats = [
      CSVFormat(), CSVFormat(header: .present), CSVFormat(separator: .tab, header: .absent),
      CSVFormat(separator: .semicolon, hasDecimalCommas: true),
    ]
    let alphabet = Array("\",;\t\n\r\0 ?NA0123456789.eE+-naif()'{}:[]".utf8) + [0x80, 0xC3, 0xE2, 0xFF]
    var accepted = 0
    for turn in 0..<20_000 {
      var bytes = seeds[turn % seeds.count]
      for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes[index] = alphabet.randomElement(using: &generator) ?? 0
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(alphabet.randomElement(using: &generator) ?? 0, at: index)
        default: bytes.removeSubrange(index...)
        }
      }
      if let table = try? CSV.parse(bytes, format: formats[turn % formats.count]) {
        accepted += 1
        #expect(table.columns.allSatisfy { $0.count == table.rowCount })
      }
      if let tensor = try? NPY.parse(bytes) { accepted += tensor.count >= 0 ? 1 : 0 }
      if let tensor = try? IDX.parse(bytes, limit: 1 << 16) { accepted += tensor.count >= 0 ? 1 : 0 }
    }
    #expect(accepted > 1_000)
  }
}
