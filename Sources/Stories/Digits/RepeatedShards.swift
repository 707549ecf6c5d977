import Arithmetic

/// Digits of mostly two classes a worker, for more workers than there are images: each gets two shards of the images sorted by class,
/// and all shards are dealt again, in another order, as often as it takes.
///
/// - Source: R. Geyer, T. Klein and M. Nabi, *Differentially Private Federated Learning: A Client Level Perspective*, 2017,
///   section 4: 600 images in two shards for each of 100, 1,000 and 10,000 clients, images being repeated.
struct RepeatedShards {
  let classes: [Int]
  /// An even number.
  let imagesPerWorker: Int

  /// The rows of each worker.
  func deal(workers: Int, seed: UInt64) -> [[Int]] {
    let size = max(1, imagesPerWorker / 2)
    var generator = SeedTree(seed: seed).child("repeated shards").generator()
    let sorted = generator.shuffled(classes.count).sorted { classes[$0] < classes[$1] }
    let shards = stride(from: 0, to: sorted.count - size + 1, by: size).map { Array(sorted[$0..<$0 + size]) }
    var order: [Int] = []
    while order.count < 2 * workers, !shards.isEmpty { order += generator.shuffled(shards.count) }
    return (0..<workers).map { worker in
      (shards[order[2 * worker]] + shards[order[2 * worker + 1]]).sorted()
    }
  }
}
