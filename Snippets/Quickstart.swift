import Tacit

// Train in the clear, on credit applications made up from a seed.
let data = try SyntheticCredit.dataset().prepared(test: 0.2, seed: 7)
let description = try ModelDescription(
  layers: [.dense(units: 64), .relu, .dense(units: 32), .relu, .dense(units: 1), .sigmoid],
  inputShape: [data.train.features.shape[1]])
let trainer = try Trainer(
  description, loss: .binaryCrossEntropy, optimizer: .adam(learningRate: 0.001), epochs: 20, batch: 32, seed: 7)
let model = try trainer.train(on: data.train).model

// Cut the model and the applications into shares among three parties, and decide together.
let file = try ModelFile(
  model, provenance: .init(creator: "quickstart", dataset: data.train.name, source: data.train.source))
let secret = try await MemoryCluster.predict(file, data.test.features)
let plain = try model.predict(data.test.features)
let same = zip(secret.output.scalars, plain.scalars).count { ($0 > 0.5) == ($1 > 0.5) }
print("\(same) of \(plain.count) decisions agree, in \(secret.traffic.rounds) rounds")
