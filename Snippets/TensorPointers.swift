import RemoteTensors
import Tensors

// Two workers: Bob computes for others, Alice has patients, and lets out means over ten of them or more.
let rule = try ReleasePolicy.Aggregates(minimumRows: 10, statistics: 4)
let alice = VirtualWorker(name: "alice", policy: ReleasePolicy(aggregates: rule))
let bob = VirtualWorker(name: "bob")
let network = await VirtualNetwork([alice, bob])
try await alice.store.add(Tensor(repeating: 36.6, shape: [12, 1]), named: "temperature")
let (remoteAlice, remoteBob) = (await alice.connect(), await bob.connect())

// Send, compute on pointers, move, get.
let x = try await Tensor<Float>(shape: [2], scalars: [1, 2]).send(to: remoteBob)
let y = try await Tensor<Float>(shape: [2], scalars: [3, 4]).send(to: remoteBob)
let sum = try await (x + y).move(to: remoteAlice)
print(try await sum.get().scalars)  // [4.0, 6.0]

// What Alice owns comes as a mean over all, or not at all.
let temperature = try await remoteAlice.tensor(named: "temperature")
print(try await temperature.mean(axes: [0]).get().scalars)
do { _ = try await temperature.get() } catch { print(error) }
await network.close()
