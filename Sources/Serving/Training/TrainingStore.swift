import Crypto
import Foundation
package import Identity
import Sharing
import Tensors
import Transports

/// A party's trainings on disk: everything that it takes to go on where it stopped, sealed.
///
/// A folder for each training holds the rows as they came, the session's keys, and the last two checkpoints: parties stop
/// at most one checkpoint apart. Where steps that are taken again must send the same words again, the keys belong to the
/// checkpoints.
package struct TrainingStore: Sendable {
  let folder: String
  package let key: StorageKey

  package init(folder: String, key: StorageKey) {
    self.folder = folder
    self.key = key
  }

  /// The place of one training.
  ///
  /// - Parameter client: the name in the certificate of whoever asks: a training goes on for nobody but who began it.
  package func place(of id: String, party: Int, scheme: ClusterScheme, client: String) throws -> TrainingPlace {
    guard id.utf8.count <= 64, !id.isEmpty, id.utf8.allSatisfy({ Self.hexDigits.contains($0) }) else {
      throw ServingError.badRequest("\"\(id.prefix(64))\" is no name of a training")
    }
    return TrainingPlace(
      folder: folder + "/" + id, id: id, party: party, scheme: scheme, client: client, key: key)
  }

  private static let hexDigits = Set("0123456789abcdef".utf8)
}

/// One training's folder at one party.
package struct TrainingPlace: Sendable {
  let folder: String
  let id: String
  let party: Int
  let scheme: ClusterScheme
  /// Whose training it is, by name.
  let client: String
  package let key: StorageKey

  /// What a training was begun with; it goes on with nothing else.
  struct Beginning: Codable {
    var digest: [UInt8]
    var client: String
    var parts: [RowPart: Part]
    var keys: [[UInt8]]
    /// Of this party's own noise, if the training is private.
    var noiseKey: [UInt8]
  }

  struct Part: Codable {
    var width: Int
    var blockRows: [Int]
  }

  private func label(_ what: String) -> String { "tacit/training/1|\(id)|party \(party)|\(what)" }
  private func path(_ name: String) -> String { folder + "/" + name + ".sealed" }

  /// Writes what does not change: rows and keys.
  ///
  /// - Throws: ``ServingError`` where a training of this name was begun here already: its checkpoints are nobody else's.
  package func begin(_ keys: [[UInt8]], noiseKey: [UInt8], digest: [UInt8], rows: TrainingRows) throws {
    guard !FileManager.default.fileExists(atPath: folder) else {
      throw ServingError.badRequest("training \(id) was begun here already: go on with --resume, or start another")
    }
    try PrivateFolder.make(folder)
    var parts: [RowPart: Part] = [:]
    for part in RowPart.allCases {
      for (index, block) in rows[part].blocks.enumerated() {
        try write(Data(block.parcel), "\(part.rawValue)-\(index)")
      }
      parts[part] = Part(width: rows[part].width, blockRows: rows[part].blocks.map(\.rowCount))
    }
    let beginning = Beginning(digest: digest, client: client, parts: parts, keys: keys, noiseKey: noiseKey)
    try write(try JSONEncoder().encode(beginning), "beginning")
  }

  /// What ``begin(_:noiseKey:digest:rows:)`` wrote.
  ///
  /// - Throws: ``ServingError`` where there is no such training here, or where it is another than asked for, or somebody else's.
  package func beginning(digest: [UInt8]) throws -> (keys: [[UInt8]], noiseKey: [UInt8], rows: TrainingRows) {
    guard FileManager.default.fileExists(atPath: path("beginning")) else {
      throw ServingError.badRequest("there are no checkpoints of training \(id) here: start it without --resume")
    }
    let data = try read("beginning")
    guard let beginning = try? JSONDecoder().decode(Beginning.self, from: data) else {
      throw ServingError.storage(path("beginning"), reason: "it is of another version of this program")
    }
    guard beginning.client == client else {
      throw ServingError.badRequest("training \(id) was begun by another client, who alone goes on with it")
    }
    guard beginning.digest == digest else {
      throw ServingError.badRequest(
        "the checkpoints are of another job, or of another version of this program: start without --resume")
    }
    var rows = TrainingRows(training: SharedRows(width: 0))
    for (part, shape) in beginning.parts {
      rows[part] = SharedRows(width: shape.width)
      for (index, count) in shape.blockRows.enumerated() {
        rows[part].append(
          try SharedRows.Block(
            try read("\(part.rawValue)-\(index)"), rowCount: count, width: shape.width, party: party, scheme: scheme))
      }
    }
    return (beginning.keys, beginning.noiseKey, rows)
  }

  /// The steps of the checkpoints that are there.
  package var steps: [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { name in
      guard name.hasPrefix("step-"), name.hasSuffix(".sealed") else { return nil }
      return Int(name.dropFirst(5).dropLast(7))
    }.sorted()
  }

  /// Writes a checkpoint, and removes all but the last two.
  package func save(_ state: TrainingState, names: [String]) throws {
    var words: [UInt64] = []
    for share in names.compactMap({ state.values[$0] }) + [state.loss].compactMap({ $0 }) + state.losses {
      for component in share.components { words += component.scalars }
    }
    words += state.toldLosses
    try write(Data(WordBytes.bytes(of: words)), "step-\(state.step)")
    for step in steps.dropLast(2) { try? FileManager.default.removeItem(atPath: path("step-\(step)")) }
  }

  /// The state of a checkpoint.
  package func load(step: Int, names: [String], program: TrainingProgram) throws -> TrainingState {
    let shapes = names.map { program.shape(of: $0) }
    let isWithinEpoch = program.revealsLoss && step % program.stepsPerEpoch != 0
    let epochs = program.revealsLoss ? step / program.stepsPerEpoch : 0
    let (lossCount, toldCount) = scheme.isChecked ? (epochs, 0) : (0, epochs)
    let counts = shapes.map(\.count) + (isWithinEpoch ? [1] : []) + [lossCount]
    guard var words = WordBytes.words(in: [UInt8](try read("step-\(step)"))[...])?[...],
      words.count == scheme.componentCount * counts.reduce(0, +) + toldCount
    else { throw ServingError.storage(path("step-\(step)"), reason: "it is not a checkpoint of this training") }
    func share(_ shape: Shape) -> HeldShare {
      HeldShare(
        components: (0..<scheme.componentCount).map { _ in
          defer { words = words.dropFirst(shape.count) }
          return RingTensor(shape: shape, scalars: Array(words.prefix(shape.count)))
        })
    }
    let values = Dictionary(uniqueKeysWithValues: zip(names, shapes.map(share)))
    let loss = isWithinEpoch ? share(.scalar) : nil
    let losses = (0..<lossCount).map { _ in share([1]) }
    return TrainingState(step: step, values: values, loss: loss, toldLosses: Array(words), losses: losses)
  }

  /// Forgets the checkpoints after a step: the training goes on from there, and what it comes to may differ from them.
  package func forget(after step: Int) throws { try forget(steps.filter { $0 > step }) }

  /// Forgets the checkpoints before a step.
  func forget(before step: Int) throws { try forget(steps.filter { $0 < step }) }

  private func forget(_ steps: [Int]) throws {
    for step in steps {
      do { try FileManager.default.removeItem(atPath: path("step-\(step)")) } catch {
        throw ServingError.storage(path("step-\(step)"), reason: "it cannot be removed")
      }
    }
    // A loss of power must not bring them back.
    if !steps.isEmpty { try DurableFile.synchronize(folder: folder) }
  }

  /// Forgets the training.
  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  private func write(_ data: Data, _ name: String) throws {
    try SealedFile.write(data, label: label(name), key: key, to: path(name))
  }

  private func read(_ name: String) throws -> Data {
    try SealedFile.read(label: label(name), key: key, from: path(name))
  }
}
