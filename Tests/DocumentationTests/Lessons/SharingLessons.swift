import Tacit
import Testing

// The code of the site's articles: what stands between two test functions' braces is shown, and run here.

@Suite struct SharingLessons {
  @Test func secretSharing() {
    // A secret, cut in three: two random words, and what is missing.
    let salary: UInt64 = 42_000
    let first = SecureRandom.words(1)[0]
    let second = SecureRandom.words(1)[0]
    let third = salary &- first &- second
    #expect(first &+ second &+ third == salary)

    // Everybody adds what they hold of two secrets: the sums are shares of the sum.
    let bonus: UInt64 = 1_500
    let other = SecureRandom.words(2)
    let sums = [first &+ other[0], second &+ other[1], third &+ (bonus &- other[0] &- other[1])]
    #expect(sums.reduce(0, &+) == salary + bonus)
  }

  @Test func beaverTriples() {
    let (x, y): (UInt64, UInt64) = (6, 7)
    // A dealer draws a and b, and shares them and their product. It sees neither x nor y.
    let (a, b) = (SecureRandom.words(1)[0], SecureRandom.words(1)[0])
    let c = a &* b
    // The parties open what is hidden by them: two random words, whatever x and y are.
    let (d, e) = (x &- a, y &- b)
    // What is left is linear in the shares of a, b and c.
    #expect(d &* e &+ d &* b &+ a &* e &+ c == x &* y)
  }

  @Test func productsOfTwoParties() async throws {
    let x = try Tensor<Float>(shape: [3], scalars: [1.5, -2, 0.25]).encoded(fractionBits: 16).ring
    let y = try Tensor<Float>(shape: [3], scalars: [2, 2, -8]).encoded(fractionBits: 16).ring
    let parcels = AdditiveSharing.parcels(of: [x, y], partyCount: 2)
    let dealer = Dealer(partyCount: 2)

    @Sendable func party(_ channel: MemoryChannel) async throws -> RingTensor {
      let scheme = try await AdditiveScheme.start(
        over: channel, source: MemoryDealing(dealer: dealer, party: channel.party), session: "lesson")
      let shares = try AdditiveSharing.unpack(
        parcels[channel.party], party: channel.party, partyCount: 2, shapes: [[3], [3]])
      let products = try await scheme.multiply([Multiplication(.elementwise([3]), shares[0], shares[1])])
      let truncated = try await scheme.truncate([Truncation(products[0], by: 16)])
      return try await scheme.open(truncated)[0]
    }

    let channels = MemoryMesh.channels(partyCount: 2)
    async let one = party(channels[0])
    async let two = party(channels[1])
    let (opened, same) = try await (one, two)
    #expect(opened == same)
    let values = FixedTensor(ring: opened, fractionBits: 16).decoded().scalars
    #expect(zip(values, [3, -4, -2]).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func replicatedSharing() {
    // x = x₀ + x₁ + x₂, and party i holds xᵢ and xᵢ₊₁.
    func cut(_ secret: UInt64) -> [UInt64] {
      let random = SecureRandom.words(2)
      return random + [secret &- random[0] &- random[1]]
    }
    let (x, y) = (cut(6), cut(7))
    // Of the nine products xᵢyⱼ each party computes three, alone.
    let summands = (0..<3).map { i in
      let next = (i + 1) % 3
      return x[i] &* y[i] &+ x[i] &* y[next] &+ x[next] &* y[i]
    }
    #expect(summands.reduce(0, &+) == 42)
  }

  @Test func fixedPoint() throws {
    // A number is a whole number of 65536ths.
    let point = FixedPoint(fractionBits: 16)
    #expect(try point.encode(3.25) == 212_992)
    #expect(try point.encode(-1) == 0 &- 65_536)

    // A product of two has twice the bits behind the point, until it is truncated.
    let product = try point.encode(1.5) &* point.encode(2.5)
    #expect(point.decode(product >> 16) == 3.75)
  }

  @Test func truncationOfShares() {
    // c = x + 2⁶² + r is opened; r, its quotient and its top bit are shared by the dealer.
    let x = UInt64(bitPattern: -1_000_000)
    let r = SecureRandom.words(1)[0]
    let c = x &+ 1 << 62 &+ r
    let overflow = r >> 63 & ~(c >> 63) & 1
    let difference = c >> 16 &- r >> 16
    let quotient = difference &+ overflow << 48 &- 1 << 46
    // −1,000,000 / 65536 = −15.26: one of the two neighbours, the nearer one more often.
    #expect([-16, -15].contains(Int64(bitPattern: quotient)))
  }

  @Test func signs() {
    let x = UInt64(bitPattern: -5)
    // c = x + r is opened; the bits of r are shared.
    let r = SecureRandom.words(1)[0]
    let c = x &+ r
    // Whether c − r borrows from its top bit: a comparison of a public number with shared bits.
    let low = UInt64.max >> 1
    let borrow: UInt64 = c & low < r & low ? 1 : 0
    let sign = c >> 63 ^ r >> 63 ^ borrow
    #expect(sign == 1)
  }

  @Test func narrowComparisons() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [1, 2])
    let w = builder.input("w", [2, 1])
    let graph = builder.build([x.matmul(w).relu()])
    // Inputs between −1 and 1 and these weights: the operand of the rectifier is within ±3.
    let ranges = try RangeAnalysis(
      graph,
      inputs: [
        "x": .range(try InputRange(-1...1)),
        "w": .values(Tensor(shape: [2, 1], scalars: [1, -2])),
      ], fractionBits: 16)
    let widths = ComparisonWidths(proving: ranges, of: graph, fractionBits: 16)
    #expect(widths.byNode[graph.outputs[0]] == 24)
  }
}
