import Testing

/// The packages of `Examples/` and the snippets run, and say what their READMEs promise.
@Suite(.serialized) struct ExampleTests {
  @Test(
    arguments: [
      ("ExampleCredit", "applications approved"), ("ExampleCustomModel", "decisions on shares are right"),
      ("ExampleOwnStrategy", "momentum:"), ("ExampleOwnScheme", "applications decided by two parties"),
      ("Quickstart", "decisions agree"), ("TensorPointers", "[4.0, 6.0]"),
    ]) func runs(example: String, says: String) throws
  {
    let run = try Programs.run(example)
    #expect(run.status == 0 && run.output.contains(says), "\(run.output)")
  }

  @Test func theWorkerAsksItsOwner() throws {
    let run = try Programs.run("ExampleAskingWorker", "rehearse")
    #expect(run.status == 0 && run.output.contains("Trained for 5 rounds"), "\(run.output)")
    #expect(run.output.contains("its owner did not agree") && run.output.contains("masked aggregation"))
  }
}
