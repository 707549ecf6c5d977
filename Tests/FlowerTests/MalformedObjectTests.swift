import Arithmetic
import Flower
import Testing

/// Objects that no Flower made end in one sentence, never in a trap.
@Suite struct MalformedObjectTests {
  private let golden: GoldenVectors

  init() throws { golden = try GoldenVectors.load() }

  @Test func wrongHeadsAreRefused() {
    for head in [
      "", "Array", "Array  ", "Array  3", "Array  03\0abc", "Array  4\0abc", "Array  -3\0abc", "Thing  3\0abc",
      "Array x 3\0abc",
      "Array \(String(repeating: "a", count: 64)),\(String(repeating: "a", count: 64)) 3\0abc",
      "Array \(String(repeating: "A", count: 64)) 3\0abc", "Array  3 \0abc", "Array , 3\0abc",
    ] {
      #expect(throws: FlowerError.self, "\(head)") { try StoredObject(parsing: Array(head.utf8)) }
    }
  }

  /// Reads the golden message with one object in another's place.
  private func read(_ bytes: [UInt8], at index: Int) throws {
    var reader = ObjectReader()
    // Whoever can make objects can make their names, too: so the parents are made again up to the root.
    var names: [String: String] = [:]
    var root = ObjectID(of: [])
    for (place, object) in golden.message.objects.enumerated() {
      var own = object.bytes
      if place == index { own = bytes } else { own = Self.renamed(own, names) }
      root = ObjectID(of: own)
      names[object.id] = root.text
      try reader.add(own, as: root)
    }
    _ = try reader.message(root)
  }

  private static func renamed(_ bytes: [UInt8], _ names: [String: String]) -> [UInt8] {
    var bytes = bytes
    for (old, new) in names where old != new {
      let (from, to) = (Array(old.utf8), Array(new.utf8))
      var start = 0
      while start + from.count <= bytes.count {
        if bytes[start] == from[0], bytes[start..<start + from.count].elementsEqual(from) {
          bytes.replaceSubrange(start..<start + from.count, with: to)
          start += from.count
        } else {
          start += 1
        }
      }
    }
    return bytes
  }

  @Test func theWholeMessageIsRead() throws { try read(golden.message.objects[0].bytes, at: 0) }

  /// Every truncation and seeded flips of bits of every object, with names made anew: all end as values or as this room's errors.
  @Test func mutationsNeverTrap() throws {
    var random = PublicGenerator(state: (3, 1, 4, 1))
    var refused = 0
    for (index, object) in golden.message.objects.enumerated() {
      let bytes = object.bytes
      var mutants = (0..<bytes.count).map { Array(bytes[..<$0]) }
      for _ in 0..<400 {
        var mutant = bytes
        for _ in 0...(Int(random.next() % 3)) {
          mutant[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 << (random.next() % 8))
        }
        mutants.append(mutant)
      }
      for mutant in mutants {
        do { try read(mutant, at: index) } catch is FlowerError { refused += 1 }
      }
    }
    #expect(refused > golden.message.objects.count * 100)
  }

  @Test func bytesThatTheirNameDoesNotStandForAreRefused() throws {
    var reader = ObjectReader()
    let object = golden.message.objects[0]
    var bytes = object.bytes
    bytes[bytes.count - 1] ^= 1
    let id = try #require(ObjectID(object.id))
    #expect(throws: FlowerError.malformedObject("its bytes are not those that its name stands for")) {
      try reader.add(bytes, as: id)
    }
  }

  /// A tree in protobuf: its name in field 1, its children in field 2.
  private static func tree(_ children: [[UInt8]]) -> [UInt8] {
    let name = Array(ObjectID(of: []).text.utf8)
    return [0x0A, UInt8(name.count)] + name
      + children.flatMap { child in
        [0x12, UInt8(child.count & 0x7F) | 0x80, UInt8(child.count >> 7)] + child
      }
  }

  @Test func deepAndWideTreesAreRefused() throws {
    var deep = Self.tree([])
    for _ in 1..<ObjectTree.deepest { deep = Self.tree([deep]) }
    #expect(try ObjectTree(parsing: deep).leavesFirst.count == 1)
    #expect(throws: FlowerError.self) { try ObjectTree(parsing: Self.tree([deep])) }
    let child = Self.tree([])
    #expect(try ObjectTree(parsing: Self.tree([child, child])).children.count == 2)
    #expect(throws: FlowerError.self) {
      try ObjectTree(parsing: Self.tree(Array(repeating: child, count: ObjectTree.mostObjects)))
    }
    #expect(throws: FlowerError.self) { try ObjectTree(parsing: Array(deep.dropLast())) }
  }

  @Test func missingObjectsAreSaidToBeLost() throws {
    var packer = ObjectPacker()
    var records = Entries<Record>()
    try records.append("config", .config(Entries()))
    let tree = try packer.put(records)
    var reader = ObjectReader()
    try reader.add(try #require(packer.bytes[tree.id]), as: tree.id)
    let child = try #require(tree.children.first?.id.text)
    #expect(throws: FlowerError.lostObject(child)) { try reader.records(tree.id) }
  }
}
