import Arithmetic
import Foundation

/// Small sets in the files of the published ones, for demos where those are not here: easy to learn, and nobody's.
struct MadeUpSets {
  private let folder: URL
  private var random = SeedTree(seed: 1).child("made up").generator()

  init(in folder: URL) { self.folder = folder }

  /// Flowers of three kinds whose measures differ.
  mutating func iris() throws {
    let kinds = ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]
    var rows = ""
    for row in 0..<90 {
      let cells = (0..<4).map { String(format: "%.2f", 3 + Double(row % 3) + 0.3 * Double($0) + 0.3 * random.normal()) }
      rows += (cells + [kinds[row % 3]]).joined(separator: ",") + "\n"
    }
    try write("iris/iris.csv", Data(rows.utf8))
  }

  /// Patients whose sugar tells.
  mutating func pima() throws {
    var rows = ""
    for row in 0..<200 {
      let sugar = 120 + (row % 3 == 0 ? 30.0 : -10) + 10 * random.normal()
      let numbers = [Double(row % 7), sugar, 70, 20, 80, 32 + random.normal(), 0.5, Double(30 + row % 20)]
      rows += (numbers.map { String(format: "%.1f", $0) } + [row % 3 == 0 ? "1" : "0"]).joined(separator: ",") + "\n"
    }
    try write("pima/pima-indians-diabetes.csv", Data(rows.utf8))
  }

  /// Images of ten kinds: a bar for each, and specks.
  mutating func digits(train: Int, test: Int) throws {
    for (part, count) in [("train", train), ("t10k", test)] {
      var images = Self.head(2051, [count, 28, 28])
      for row in 0..<count {
        var image = (0..<784).map { _ in UInt8(random.uniform() < 0.05 ? 120 : 0) }
        for across in 4..<24 {
          for down in 0..<2 { image[28 * (4 + 2 * (row % 10) + down) + across] = 250 }
        }
        images += image
      }
      let labels = Self.head(2049, [count]) + (0..<count).map { UInt8($0 % 10) }
      try write("mnist/\(part)-images-idx3-ubyte", Data(images))
      try write("mnist/\(part)-labels-idx1-ubyte", Data(labels))
    }
  }

  private static func head(_ magic: Int, _ extents: [Int]) -> [UInt8] {
    ([magic] + extents).flatMap { number in [24, 16, 8, 0].map { UInt8(number >> $0 & 255) } }
  }

  private func write(_ path: String, _ data: Data) throws {
    let file = folder.appendingPathComponent(path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: file)
  }
}
