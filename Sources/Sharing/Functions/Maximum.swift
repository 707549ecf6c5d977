import Tensors

/// The largest of several candidates, and which it is.
///
/// A tournament of groups: within a group all pairs are compared at once, and gates find the candidate that beats or equals
/// all later ones and beats all earlier ones. Groups of four take 12 rounds where pairs would take 20, for twice the
/// comparisons; large tensors, whose time goes into comparisons, are compared in pairs.
extension FixedPointArithmetic {
  /// Which of n candidates was the largest: the first of equal ones.
  public struct Choice {
    /// For each candidate but the last, whether it is the one, as a vector.
    let bits: [Scheme.Bits]
  }

  /// The largest scalar along an axis, which stays with extent 1. Exact.
  ///
  /// Ten candidates: 23 rounds and 1388 bytes, in pairs 40 rounds and 974 bytes.
  public func maximum(_ share: Share, axis: Int, width: Int? = nil) async throws -> Share {
    let result = try await tournament(candidates(of: share, axis: axis), width: width, goal: .maximum)
    return reduced(result.maximum, share.shape, axis: axis)
  }

  /// The largest scalar along an axis, which stays with extent 1, and where it was; at most 2 rounds more than the maximum
  /// alone.
  public func maximumWithChoice(
    _ share: Share, axis: Int, width: Int? = nil
  ) async throws -> (maximum: Share, choice: Choice) {
    let result = try await tournament(candidates(of: share, axis: axis), width: width, goal: .both)
    return (reduced(result.maximum, share.shape, axis: axis), Choice(bits: result.choice))
  }

  /// Where the largest scalar along an axis is.
  public func choice(_ share: Share, axis: Int, width: Int? = nil) async throws -> Choice {
    Choice(bits: try await tournament(candidates(of: share, axis: axis), width: width, goal: .choice).choice)
  }

  /// The place of the largest scalar along an axis, which stays with extent 1: the first of equal ones, a fixed-point number.
  /// Exact. Ten candidates: 24 rounds and 1400 bytes.
  public func argmax(_ share: Share, axis: Int, width: Int? = nil) async throws -> Share {
    let choice = try await choice(share, axis: axis, width: width)
    let last = choice.bits.count
    var index = scheme.constant(
      RingTensor(repeating: word(Double(last)), shape: [share.shape.count / share.shape[axis]]))
    if last > 0 {
      let weights = (0..<last).map { word(Double($0 - last)) }
      index = scheme.add(index, try await scheme.weightedSums(choice.bits, tables: [weights])[0])
    }
    return reduced(index, share.shape, axis: axis)
  }

  /// 1 in fixed point at the first of the largest scalars along an axis, else 0. Exact. Ten candidates: 24 rounds and 1528
  /// bytes.
  public func argmaxOneHot(_ share: Share, axis: Int, width: Int? = nil) async throws -> Share {
    let choice = try await choice(share, axis: axis, width: width)
    let first = choice.bits.isEmpty ? [] : try await numbers(choice.bits)
    let one = scheme.constant(RingTensor(repeating: word(1), shape: [share.shape.count / share.shape[axis]]))
    let last = first.reduce(one) { scheme.subtract($0, $1) }
    return arranged(first + [last], share.shape, axis: axis)
  }

  /// For each candidate, `value` where it is the one and zero elsewhere: 2 rounds, 40 bytes for all candidates but one.
  public func route(_ value: Share, to choice: Choice) async throws -> [Share] {
    let value = scheme.reshape(value, to: [value.shape.count])
    guard !choice.bits.isEmpty else { return [value] }
    let first = try await masked(choice.bits.map { ($0, value) })
    return first + [first.reduce(value) { scheme.subtract($0, $1) }]
  }

  /// The slices along an axis as vectors.
  private func candidates(of share: Share, axis: Int) -> [Share] {
    let extent = share.shape[axis]
    return (0..<extent).map { place in
      scheme.map(share, to: [share.shape.count / extent]) {
        $0.sliced(axis: axis, place..<place + 1).reshaped(to: [$0.count / extent])
      }
    }
  }

  /// A vector with one scalar for each slice across an axis, in the shape of a reduction.
  private func reduced(_ vector: Share, _ shape: Shape, axis: Int) -> Share {
    let target = shape.replacing(axis: axis, with: 1)
    return scheme.reshape(vector, to: target)
  }

  /// The way back from ``candidates(of:axis:)``.
  private func arranged(_ vectors: [Share], _ shape: Shape, axis: Int) -> Share {
    scheme.concatenate(vectors.map { reduced($0, shape, axis: axis) }, axis: axis)
  }
}

extension FixedPointArithmetic {
  private enum Goal {
    case maximum, choice, both
  }

  /// A candidate that is still in, and which of the first candidates it stands for.
  private struct Contestant {
    let value: Share
    let places: Range<Int>
  }

  /// The scalars of a level up to which rounds cost more than comparisons.
  private static var largestGrouped: Int { 4096 }

  private func tournament(
    _ candidates: [Share], width: Int?, goal: Goal
  ) async throws -> (maximum: Share, choice: [Scheme.Bits]) {
    var contestants = candidates.enumerated().map { Contestant(value: $1, places: $0..<$0 + 1) }
    // For each candidate, the bits that must all be 1 for it to be the largest.
    var conditions = [[Scheme.Bits]](repeating: [], count: candidates.count)
    while contestants.count > 1 {
      let isGrouped = contestants.count * candidates[0].shape.count <= Self.largestGrouped
      let groups = contestants.divided(intoGroupsOf: isGrouped ? 4 : 2)
      let winners = try await winners(of: groups.map { $0.map { $0.value } }, width: width)
      if goal != .maximum {
        for (group, bits) in zip(groups, winners) where group.count > 1 {
          for (contestant, bit) in zip(group, bits) {
            for place in contestant.places { conditions[place].append(bit) }
          }
        }
      }
      if goal == .choice, groups.count == 1 { break }
      contestants = try await promote(groups, winners)
    }
    guard goal != .maximum else { return (contestants[0].value, []) }
    return (contestants[0].value, try await conjunctions(Array(conditions.dropLast())))
  }

  /// For each group, which of its members is the largest; nothing for groups of one.
  private func winners(of groups: [[Share]], width: Int?) async throws -> [[Scheme.Bits]] {
    let pairs = groups.map { group in
      group.indices.flatMap { i in (i + 1..<group.count).map { (i, $0) } }
    }
    let differences = zip(groups, pairs).flatMap { group, pairs in
      pairs.map { scheme.subtract(group[$0.0], group[$0.1]) }
    }
    var isLess = try await negative(differences, width: differenceWidth(width))[...]
    let conditions = zip(groups, pairs).map { group, pairs in
      var conditions = [[Scheme.Bits]](repeating: [], count: group.count)
      for (earlier, later) in pairs {
        let bit = isLess.removeFirst()
        conditions[earlier].append(scheme.not(bit))
        conditions[later].append(bit)
      }
      return Array(conditions.dropLast())
    }
    var joined = try await conjunctions(conditions.flatMap { $0 })[...]
    return conditions.map { conditions in
      guard !conditions.isEmpty else { return [] }
      let first = conditions.map { _ in joined.removeFirst() }
      // Exactly one wins.
      return first + [scheme.not(first.dropFirst().reduce(first[0]) { scheme.exclusiveOr($0, $1) })]
    }
  }

  /// The winners' values: the last member's plus what the winner is ahead of it.
  private func promote(_ groups: [[Contestant]], _ winners: [[Scheme.Bits]]) async throws -> [Contestant] {
    let leads = zip(groups, winners).flatMap { group, bits in
      zip(group, bits).dropLast().map { ($1, scheme.subtract($0.value, group[group.count - 1].value)) }
    }
    var chosen = try await masked(leads)[...]
    return groups.map { group in
      let value = group.dropLast().reduce(group[group.count - 1].value) { sum, _ in
        scheme.add(sum, chosen.removeFirst())
      }
      return Contestant(value: value, places: group[0].places.lowerBound..<group[group.count - 1].places.upperBound)
    }
  }

  /// The conjunction of each list, all in ⌈log₂ of the longest⌉ rounds.
  func conjunctions(_ lists: [[Scheme.Bits]]) async throws -> [Scheme.Bits] {
    var lists = lists
    while lists.contains(where: { $0.count > 1 }) {
      let pairs = lists.flatMap { list in
        stride(from: 0, to: list.count - 1, by: 2).map { (list[$0], list[$0 + 1]) }
      }
      var gates = try await scheme.and(pairs)[...]
      lists = lists.map { list in
        var shorter = (0..<list.count / 2).map { _ in gates.removeFirst() }
        if list.count % 2 == 1 { shorter.append(list[list.count - 1]) }
        return shorter
      }
    }
    return lists.compactMap { $0.first }
  }
}

extension Array {
  /// Consecutive groups of at most `size` elements, as few as possible and about as long as each other.
  fileprivate func divided(intoGroupsOf size: Int) -> [[Element]] {
    let groupCount = (count + size - 1) / size
    return (0..<groupCount).map { Array(self[$0 * count / groupCount..<($0 + 1) * count / groupCount]) }
  }
}
