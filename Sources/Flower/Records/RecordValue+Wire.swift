internal import Foundation
internal import SwiftProtobuf

extension Entries<RecordValue> {
  /// - Throws: ``FlowerError/malformedObject(_:)`` for a value that no metric has.
  func metricBytes() throws(FlowerError) -> [UInt8] {
    var record = Flwr_Proto_MetricRecord()
    for entry in self {
      var item = Flwr_Proto_MetricRecord.Item()
      item.key = entry.name
      switch entry.value {
      case .double(let value): item.value.double = value
      case .integer(let value): item.value.sint64 = value
      case .unsigned(let value): item.value.uint64 = value
      case .doubles(let values): item.value.doubleList.vals = values
      case .integers(let values): item.value.sintList.vals = values
      case .unsigneds(let values): item.value.uintList.vals = values
      case .bool, .string, .bytes, .bools, .strings, .byteStrings:
        throw .malformedObject("the metric \(entry.name) is no number")
      }
      record.items.append(item)
    }
    return try Wire.bytes(of: record)
  }

  init(metricBytes bytes: [UInt8]) throws(FlowerError) {
    self.init()
    let record: Flwr_Proto_MetricRecord = try Wire.object(bytes)
    for item in record.items {
      let value: RecordValue
      switch item.value.value {
      case .double(let own): value = .double(own)
      case .sint64(let own): value = .integer(own)
      case .uint64(let own): value = .unsigned(own)
      case .doubleList(let list): value = .doubles(list.vals)
      case .sintList(let list): value = .integers(list.vals)
      case .uintList(let list): value = .unsigneds(list.vals)
      case nil: throw .malformedObject("a metric has no value")
      }
      try append(item.key, value)
    }
  }

  func configBytes() throws(FlowerError) -> [UInt8] {
    var record = Flwr_Proto_ConfigRecord()
    for entry in self {
      var item = Flwr_Proto_ConfigRecord.Item()
      item.key = entry.name
      switch entry.value {
      case .double(let value): item.value.double = value
      case .integer(let value): item.value.sint64 = value
      case .unsigned(let value): item.value.uint64 = value
      case .bool(let value): item.value.bool = value
      case .string(let value): item.value.string = value
      case .bytes(let value): item.value.bytes = Data(value)
      case .doubles(let values): item.value.doubleList.vals = values
      case .integers(let values): item.value.sintList.vals = values
      case .unsigneds(let values): item.value.uintList.vals = values
      case .bools(let values): item.value.boolList.vals = values
      case .strings(let values): item.value.stringList.vals = values
      case .byteStrings(let values): item.value.bytesList.vals = values.map { Data($0) }
      }
      record.items.append(item)
    }
    return try Wire.bytes(of: record)
  }

  init(configBytes bytes: [UInt8]) throws(FlowerError) {
    self.init()
    let record: Flwr_Proto_ConfigRecord = try Wire.object(bytes)
    for item in record.items {
      let value: RecordValue
      switch item.value.value {
      case .double(let own): value = .double(own)
      case .sint64(let own): value = .integer(own)
      case .uint64(let own): value = .unsigned(own)
      case .bool(let own): value = .bool(own)
      case .string(let own): value = .string(own)
      case .bytes(let own): value = .bytes([UInt8](own))
      case .doubleList(let list): value = .doubles(list.vals)
      case .sintList(let list): value = .integers(list.vals)
      case .uintList(let list): value = .unsigneds(list.vals)
      case .boolList(let list): value = .bools(list.vals)
      case .stringList(let list): value = .strings(list.vals)
      case .bytesList(let list): value = .byteStrings(list.vals.map { [UInt8]($0) })
      case nil: throw .malformedObject("a setting has no value")
      }
      try append(item.key, value)
    }
  }
}

/// Protobuf in and out of bytes, with this room's errors.
enum Wire {
  static func bytes(of message: some SwiftProtobuf.Message) throws(FlowerError) -> [UInt8] {
    do { return try message.serializedBytes() } catch { throw .malformedMessage("it cannot be written") }
  }

  /// The body of an object.
  static func object<Message: SwiftProtobuf.Message>(_ bytes: [UInt8]) throws(FlowerError) -> Message {
    do { return try Message(serializedBytes: bytes) } catch {
      throw .malformedObject("its body is no protobuf of its kind")
    }
  }

  /// The body of an answer.
  static func message<Message: SwiftProtobuf.Message>(_ bytes: [UInt8]) throws(FlowerError) -> Message {
    do { return try Message(serializedBytes: bytes) } catch { throw .malformedMessage("it is no protobuf of its kind") }
  }
}
