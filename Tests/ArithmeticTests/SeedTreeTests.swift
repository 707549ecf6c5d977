import Arithmetic
import Testing

@Suite struct SeedTreeTests {
  /// The first numbers of state 1, 2, 3, 4, from the tests of the Rust crate `rand_xoshiro`, made by the authors' C code.
  @Test func xoshiroVectors() {
    var generator = PublicGenerator(state: (1, 2, 3, 4))
    let expected: [UInt64] = [
      11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
      16_172_922_978_634_559_625, 8_476_171_486_693_032_832, 10_595_114_339_597_558_777, 2_904_607_092_377_533_576,
    ]
    #expect(expected.map { _ in generator.next() } == expected)
  }

  /// Made by a second implementation in Python 3 (hashlib, struct, math), written from the documentation of the types.
  @Test func goldenVectors() {
    let weights = SeedTree(seed: 7).child("weights")
    var generator = weights.generator()
    #expect(
      (0..<3).map { _ in generator.next() } == [0x10d5_af47_f528_ec07, 0x4a0b_1991_8d7b_eb5f, 0xb618_41f1_c7ca_fa5b])
    generator = weights.child(3).generator()
    #expect(
      (0..<3).map { _ in generator.next() } == [0xd87c_d1c8_3306_1580, 0x4c81_a14c_e9c9_e6de, 0x7a8d_fd26_bd38_9856])
    generator = SeedTree(seed: 0).generator()
    #expect((0..<3).map { _ in generator.uniform() } == [0.940238957519546, 0.535243652283232, 0.9534934624844957])
    generator = SeedTree(seed: 1).child("normal").generator()
    #expect(
      (0..<4).map { _ in generator.normal() }
        == [0.7177516026973925, 0.2044740380732253, -0.5315594751490874, 0.32210132914201184])
    generator = SeedTree(seed: 1).child("order").generator()
    #expect(generator.shuffled(12) == [2, 8, 10, 0, 6, 4, 1, 9, 7, 3, 5, 11])
  }

  @Test func branchesDiffer() {
    let root = SeedTree(seed: 1)
    let branches = [
      root, SeedTree(seed: 2), root.child("a"), root.child("b"), root.child("ab"), root.child("a").child("b"),
      root.child(0), root.child(1), root.child(-1), root.child(0).child(1), root.child(""),
    ]
    #expect(Set(branches).count == branches.count)
    let firsts = branches.map { branch in
      var generator = branch.generator()
      return generator.next()
    }
    #expect(Set(firsts).count == branches.count)
    #expect(root.child("a") == SeedTree(seed: 1).child("a"))
  }

  @Test(arguments: [0, 1, 2, 100]) func shufflesArePermutations(count: Int) {
    var generator = SeedTree(seed: 3).generator()
    #expect(generator.shuffled(count).sorted() == Array(0..<count))
  }

  /// Moments of 100 000 fixed samples, within 5 standard errors.
  @Test func momentsOfTheNormal() {
    var generator = SeedTree(seed: 4).generator()
    let count = 100_000.0
    let samples = (0..<Int(count)).map { _ in generator.normal() }
    let error = 5 / count.squareRoot()
    #expect(abs(samples.reduce(0, +) / count) < error)
    #expect(abs(samples.reduce(0) { $0 + $1 * $1 } / count - 1) < error * 2.0.squareRoot())
    #expect(abs(samples.reduce(0) { $0 + $1 * $1 * $1 * $1 } / count - 3) < error * 96.0.squareRoot())
  }

  @Test func uniformFillsItsInterval() {
    var generator = SeedTree(seed: 5).generator()
    var bins = [Int](repeating: 0, count: 16)
    for _ in 0..<160_000 {
      let value = generator.uniform()
      #expect((0..<1).contains(value))
      bins[Int(value * 16)] += 1
    }
    // A bin has mean 10 000 and standard deviation 97.
    #expect(bins.allSatisfy { abs($0 - 10_000) < 5 * 97 })
  }
}
