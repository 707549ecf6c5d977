import Foundation
import Testing

/// What Flower 1.42 itself makes of records and messages. Oracle: Tests/Golden/flower_objects.json, made by flower_vectors.py beside it.
struct GoldenVectors: Decodable {
  struct Tree: Decodable {
    var id: String
    var children: [Tree]
  }

  struct Object: Decodable {
    var id: String
    var type: String
    var hex: String

    var bytes: [UInt8] { GoldenVectors.bytes(hex) }
  }

  struct Packed: Decodable {
    var root: String
    var tree: Tree
    var objects: [Object]
  }

  struct Chunked: Decodable {
    enum CodingKeys: String, CodingKey {
      case id = "array_id"
      case chunks = "chunk_ids"
      case hex = "array_object"
    }
    var id: String
    var chunks: [String]
    var hex: String
  }

  enum CodingKeys: String, CodingKey {
    case npy, recorddict, message, chunked
    case repeated = "chunked_repeated"
  }
  var npy: [String: String]
  var recorddict: Packed
  var message: Packed
  var chunked: Chunked
  var repeated: Chunked

  static func load() throws -> GoldenVectors {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return try JSONDecoder().decode(
      GoldenVectors.self, from: try Data(contentsOf: tests.appending(path: "Golden/flower_objects.json")))
  }

  static func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8)
    return stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
    }
  }
}
