import Arithmetic
package import Sharing
import Tensors

/// Rows of their owners, as one party holds them: features and targets of a row side by side.
///
/// Components that are keystreams stay keys until a batch needs them, so that one party of three replicated ones, and all
/// additive ones but the last, hold nothing but keys, and the others 8 bytes a scalar. Rows that have MACs take 32 bytes a
/// scalar.
package struct SharedRows: Sendable {
  /// Rows that came in one parcel.
  package struct Block: Sendable {
    let rowCount: Int
    /// As it came.
    let parcel: [UInt8]
    private let components: [Component]
    private let layout: [ParcelPart]

    private enum Component {
      case stream(PseudorandomGenerator)
      /// Words that begin at this byte of the parcel.
      case words(Int)
      /// All rows, `[rows, width]`.
      case tensor(RingTensor)
    }

    /// - Throws: ``ServingError/badRequest(_:)`` where the parcel is not this party's part of so many rows.
    package init(
      _ parcel: some Sequence<UInt8>, rowCount: Int, width: Int, party: Int, scheme: ClusterScheme
    ) throws {
      let parcel = Array(parcel)
      guard let layout = scheme.layout(of: parcel, party: party, count: rowCount * width) else {
        throw ServingError.badRequest("the rows are not what party \(party) is sent of \(rowCount) rows")
      }
      self.rowCount = rowCount
      self.parcel = parcel
      self.layout = layout
      components = layout.map { part in
        switch part {
        case .key(let range): .stream(PseudorandomGenerator(key: Array(parcel[range])))
        case .words(let range): .words(range.lowerBound)
        }
      }
    }

    /// Rows that became shares after they came.
    init(_ share: HeldShare, rowCount: Int) {
      self.rowCount = rowCount
      parcel = []
      layout = []
      components = share.components.map(Component.tensor)
    }

    var componentCount: Int { components.count }

    /// What the owner sent of a component.
    func sent(_ component: Int) -> ArraySlice<UInt8> {
      switch layout[component] {
      case .key(let range), .words(let range): parcel[range]
      }
    }

    /// Copies one row of a component.
    func copy(_ component: Int, row: Int, width: Int, to target: UnsafeMutableBufferPointer<UInt64>) {
      let start = row * width
      switch components[component] {
      case .tensor(let tensor):
        tensor.scalars.withUnsafeBufferPointer { words in
          _ = target.update(fromContentsOf: UnsafeBufferPointer(rebasing: words[start..<start + width]))
        }
      case .words(let offset):
        parcel.withUnsafeBytes { bytes in
          UnsafeMutableRawBufferPointer(target)
            .copyMemory(
              from: UnsafeRawBufferPointer(rebasing: bytes[offset + 8 * start..<offset + 8 * (start + width)]))
        }
      case .stream(let generator):
        // The stream is made in blocks of two words: a row that begins in the middle of one drops its first.
        guard start % 2 == 1 else {
          return generator.fill(target, counterHigh: 0, counterLow: UInt64(start / 2))
        }
        let words = generator.words(count: width + 1, counterHigh: 0, counterLow: UInt64(start / 2))
        words.withUnsafeBufferPointer { words in
          _ = target.update(fromContentsOf: UnsafeBufferPointer(rebasing: words[1...]))
        }
      }
    }
  }

  let width: Int
  private(set) var blocks: [Block] = []
  /// The number of each block's first row.
  private var starts: [Int] = []
  private(set) var rowCount = 0

  package init(width: Int) { self.width = width }

  package mutating func append(_ block: Block) {
    starts.append(rowCount)
    blocks.append(block)
    rowCount += block.rowCount
  }

  mutating func append(_ rows: SharedRows) { for block in rows.blocks { append(block) } }

  /// The given rows, one after the other, as a share `[count, width]`.
  package func gather(_ rows: ArraySlice<Int>) -> HeldShare {
    let shape: Shape = [rows.count, width]
    let components = (0..<(blocks.first?.componentCount ?? 1)).map { component in
      RingTensor(shape: shape) { target in
        for (place, row) in rows.enumerated() {
          let block = block(of: row)
          blocks[block].copy(
            component, row: row - starts[block], width: width,
            to: UnsafeMutableBufferPointer(rebasing: target[place * width..<(place + 1) * width]))
        }
      }
    }
    return HeldShare(components: components)
  }

  /// The last block that begins at the row or before, by bisection.
  private func block(of row: Int) -> Int {
    var (low, high) = (0, blocks.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= row { low = middle } else { high = middle }
    }
    return low
  }
}
