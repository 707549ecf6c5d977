import Arithmetic
import Datasets
import Flower
import Tensors
import Testing

@Suite struct ObjectTests {
  private let golden: GoldenVectors

  init() throws { golden = try GoldenVectors.load() }

  private func reader(_ packed: GoldenVectors.Packed) throws -> ObjectReader {
    var reader = ObjectReader()
    for object in packed.objects { try reader.add(object.bytes, as: try #require(ObjectID(object.id))) }
    return reader
  }

  private func expectSame(_ objects: [ObjectID: [UInt8]], _ packed: GoldenVectors.Packed) {
    #expect(
      Dictionary(uniqueKeysWithValues: objects.map { ($0.key.text, $0.value) })
        == Dictionary(uniqueKeysWithValues: packed.objects.map { ($0.id, $0.bytes) }))
  }

  private func expectSame(_ tree: ObjectTree, _ golden: GoldenVectors.Tree) {
    #expect(tree.id.text == golden.id)
    #expect(tree.children.count == golden.children.count)
    for (own, theirs) in zip(tree.children, golden.children) { expectSame(own, theirs) }
  }

  /// The records as flower_vectors.py writes them down.
  private func records() throws -> Entries<Record> {
    func array(_ key: String, _ type: String, _ shape: [Int]) throws -> FlowerArray {
      FlowerArray(type: type, shape: shape, data: GoldenVectors.bytes(try #require(golden.npy[key])))
    }
    let (w, b, scalar) = (
      try array("w", "float32", [2, 2]), try array("b", "int64", [3]), try array("scalar", "float64", [])
    )
    return try Entries([
      ("arrays", .arrays(try Entries([("w", w), ("b", b), ("scalar", scalar), ("w_again", w)]))),
      (
        "metrics",
        .metrics(
          try Entries([
            ("num-examples", .integer(230)), ("loss", .double(0.25)), ("many", .doubles([1.5, -2])),
            ("ints", .integers([1, -2])),
          ]))
      ),
      (
        "config",
        .config(
          try Entries([
            ("lr", .double(0.1)), ("round", .integer(3)), ("name", .string("abc")), ("flag", .bool(true)),
            ("raw", .bytes([0, 255])), ("list", .strings(["x", "y"])),
          ]))
      ),
    ])
  }

  @Test func recordsAreThoseOfFlower() throws {
    var packer = ObjectPacker()
    let tree = try packer.put(records())
    #expect(tree.id.text == golden.recorddict.root)
    expectSame(tree, golden.recorddict.tree)
    expectSame(packer.bytes, golden.recorddict)
  }

  @Test func recordsOfFlowerAreRead() throws {
    let root = try #require(ObjectID(golden.recorddict.root))
    let read = try reader(golden.recorddict).records(root)
    #expect(read == (try records()))
    var packer = ObjectPacker()
    _ = try packer.put(read)
    expectSame(packer.bytes, golden.recorddict)
  }

  @Test func messagesAreThoseOfFlower() throws {
    var metadata = FlowerMetadata(
      runID: 123_456_789, source: 42, destination: 1, type: "train", createdAt: 1_750_000_000.25, timeToLive: 3600)
    metadata.replyTo = String(repeating: "ab", count: 32)
    metadata.group = "3"
    (metadata.sourceTask, metadata.destinationTask) = (7, 8)
    let root = try #require(ObjectID(golden.message.root))
    let read = try reader(golden.message).message(root)
    #expect(read == (try records()))
    let packed = try FlowerMessage(metadata: metadata, content: .records(read)).packed()
    #expect(packed.tree.id == root)
    expectSame(packed.tree, golden.message.tree)
    expectSame(packed.objects, golden.message)
  }

  @Test func everyObjectIsWrittenAsItWasRead() throws {
    for object in golden.recorddict.objects + golden.message.objects {
      let read = try StoredObject(parsing: object.bytes)
      #expect(read.kind.rawValue == object.type)
      #expect(read.bytes == object.bytes)
      #expect(ObjectID(of: object.bytes).text == object.id)
    }
  }

  @Test func largeArraysAreCutWhereFlowerCutsThem() throws {
    for (array, golden) in [
      (Tensor(shape: [3_000_000], scalars: (0..<3_000_000).map { Float($0) }), golden.chunked),
      (Tensor(shape: [5_000_000], scalars: [Float](repeating: 0, count: 5_000_000)), golden.repeated),
    ] {
      var packer = ObjectPacker()
      let own = FlowerArray(type: "float32", shape: array.shape.extents, data: NPY.bytes(of: array))
      let tree = packer.put(own)
      #expect(tree.id.text == golden.id)
      #expect(packer.bytes[tree.id] == GoldenVectors.bytes(golden.hex))
      #expect(Set(tree.children.map(\.id.text)) == Set(golden.chunks))
      var reader = ObjectReader()
      var records = Entries<Record>()
      try records.append("arrays", .arrays(try Entries([("w", own)])))
      let root = try packer.put(records)
      for id in root.leavesFirst { try reader.add(try #require(packer.bytes[id]), as: id) }
      #expect(try reader.records(root.id) == records)
    }
  }

  @Test func ownArraysAreNumPyFilesOfTheVectors() throws {
    #expect(
      NPY.bytes(of: Tensor(shape: [2, 2], scalars: [1, 2, 3, -4.5])) == GoldenVectors.bytes(golden.npy["w"] ?? ""))
  }

  @Test func namesAreEscapedAsPythonDoes() throws {
    // Oracle: json.dumps({"a\"\\\n\x07é𝄞": "x"}) of CPython.
    let name = "a\"\\\n\u{7}é𝄞"
    let text = PythonJSON.object([(name, PythonJSON.string("x"))])
    #expect(text == #"{"a\"\\\n\u0007\u00e9\ud834\udd1e": "x"}"#)
    let read = try PythonJSON.strings(Array(text.utf8))
    #expect(read.map(\.0) == [name] && read.map(\.1) == ["x"])
    #expect(try PythonJSON.strings(Array(" { } ".utf8)).isEmpty)
    for wrong in [
      "", "{", "{\"a\"}", "{\"a\": 1}", "{\"a\": \"b\",}", "{\"a\": \"\\x\"}", "{\"a\": \"\\ud834\"}", "{} x",
    ] {
      #expect(throws: FlowerError.self) { try PythonJSON.strings(Array(wrong.utf8)) }
    }
  }
}
