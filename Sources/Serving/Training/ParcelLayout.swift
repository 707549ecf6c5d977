import Arithmetic
import Sharing

/// Where a party finds the components of its shares in a parcel: as a key of which they are the keystream, or as words.
enum ParcelPart: Sendable {
  case key(Range<Int>)
  case words(Range<Int>)
}

extension ClusterScheme {
  /// Ring tensors that a party holds of a share.
  var componentCount: Int {
    switch self {
    case .replicated: ReplicatedShare.componentCount
    case .additive: AdditiveShare.componentCount
    case .spdz: AuthenticatedShare.componentCount
    case .replicatedMalicious: CheckedShare.componentCount
    }
  }

  /// The parts of a parcel of so many scalars, in the order of a share's components; `nil` where it is none for that party.
  func layout(of parcel: [UInt8], party: Int, count: Int) -> [ParcelPart]? {
    switch self {
    case .replicated, .replicatedMalicious: Self.replicatedLayout(of: parcel, party: party, count: count)
    case .additive(let partyCount):
      Self.additiveLayout(of: parcel, isLast: party == partyCount - 1, count: count)
    case .spdz(let partyCount):
      // Words of 128 bits, of which shares are made yet.
      Self.additiveLayout(
        of: parcel, isLast: party == partyCount - 1, count: 2 * AuthenticatedSharing.wordCount(of: count))
    }
  }

  /// A byte that says which keys follow, the keys in the order of their components, component 2 in full.
  private static func replicatedLayout(of parcel: [UInt8], party: Int, count: Int) -> [ParcelPart]? {
    let held = [party, (party + 1) % 3]
    let streams = held.filter { $0 < 2 }.sorted()
    let end = 1 + streams.count * PseudorandomGenerator.keyByteCount
    guard parcel.first == UInt8(streams.reduce(0) { $0 | 1 << $1 }),
      parcel.count == end + (held.contains(2) ? 8 * count : 0)
    else { return nil }
    return held.map { component in
      guard let place = streams.firstIndex(of: component) else { return .words(end..<parcel.count) }
      let start = 1 + place * PseudorandomGenerator.keyByteCount
      return .key(start..<start + PseudorandomGenerator.keyByteCount)
    }
  }

  /// The key, or the words at the last party.
  private static func additiveLayout(of parcel: [UInt8], isLast: Bool, count: Int) -> [ParcelPart]? {
    guard parcel.count == (isLast ? 8 * count : PseudorandomGenerator.keyByteCount) else { return nil }
    return [isLast ? .words(0..<parcel.count) : .key(0..<parcel.count)]
  }
}
