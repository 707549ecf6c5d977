/// What the server has gathered so far.
struct ServerRecords: Sendable {
  /// Who was asked in this stage, and whose reply was taken.
  var asked: MemberSet
  var replied: MemberSet
  /// Stage 0: by place.
  var advertisements: [Advertisement?]
  var keysDigest: [UInt8] = []
  /// Of those who are present, without who is not; ascending.
  var neighbours: [[Int]]
  /// Stage 1: each sender's boxes in the order of its neighbours.
  var boxes: [[UInt8]]
  var sharers: MemberSet
  /// Stage 2.
  var sum: MaskedVector
  var survivors: MemberSet
  /// Stage 3.
  var signatures: [Int: [UInt8]] = [:]
  /// Stage 4: the shares of each client's secret, with the places of those who gave them.
  var opened: [[(place: UInt64, share: FieldElement)]]

  init(plan: AggregationPlan) {
    let none = MemberSet(of: plan.clientCount)
    asked = MemberSet(0..<plan.clientCount, of: plan.clientCount)
    replied = none
    sharers = none
    survivors = none
    advertisements = Array(repeating: nil, count: plan.clientCount)
    neighbours = Array(repeating: [], count: plan.clientCount)
    boxes = Array(repeating: [], count: plan.clientCount)
    opened = Array(repeating: [], count: plan.clientCount)
    sum = MaskedVector(count: plan.vectorLength, bits: plan.modulusBits)
  }

  /// Those who hold shares of a sharer's secrets: the sharers among its neighbours, and itself; ascending.
  func holders(of place: Int) -> [Int] {
    var holders = neighbours[place].filter(sharers.contains)
    holders.insert(place, at: holders.firstIndex { $0 > place } ?? holders.endIndex)
    return holders
  }
}
