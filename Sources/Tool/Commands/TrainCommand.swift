import ArgumentParser
import Foundation
import Tacit

struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a model as a job file says.",
    discussion: """
      A job file:

        model:
          layers: [{dense: 64}, relu, {dense: 32}, relu, {dense: 1}, sigmoid]
        data: {set: credit-approval, path: ../shared/data, test: 0.2}     # or {file: x.csv, target: column}
        training: {epochs: 20, batch: 32, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.05}}, seed: 7}
        output: runs/credit

      With "mode: encrypted", three party processes train on secret shares, and nothing is opened but what is revealed:

        encrypted: {fractionBits: 20, transport: tls, owners: [{file: a.csv}, {file: b.csv}], reveal: [loss, model]}

      reveal: loss (the mean of each epoch), model, metrics (accuracy or mean squared error, found on shares); the rest \
      stays in shares. Where rows have several owners, data names the target alone: {target: column, test: 0.2}. A run \
      that stopped goes on from its last checkpoint with --resume; checkpoint: N sets the steps between two.

      "scheme: additive, parties: 2" (2 to 16) in encrypted trains among additive parties and a dealer: all parties but one \
      together learn nothing, as long as none works together with the dealer. The default is replicated, among 3. What the \
      dealer deals is told apart, as dealtBytes and offlineSeconds. With "scheme: replicated-malicious" three parties prove each \
      step to each other, and with "scheme: spdz" two to 16 with a dealer check the MACs of all that they open: where one \
      deviates nothing is released, and the exit code is 5.

      With "cluster: cluster.yaml", the running parties of that file train, and owners with names share their rows by \
      themselves, prepared by the job's public ranges and categories:

        data: {target: label, ranges: {age: [0, 100]}, categories: {label: ['no', 'yes']}}
        encrypted: {owners: [{name: a, file: a.csv}, {name: b, file: b.csv}], reveal: [model, metrics]}

      With "coordinator: wss://HOST:PORT" and owners: [{worker: bank-a}, …], the coordinator's workers share their rows with \
      those parties, as far as their policies allow.

      Each owner runs "tacit train job.yaml --owner a --identity identities/a", then the job's owner "tacit train \
      job.yaml --identity identities/c", who never has their rows.

      With "mode: federated", rows stay with their workers, and the coordinator learns what the aggregation shows:

        mode: federated
        federated: {workers: 3, rounds: 20, localEpochs: 1, strategy: fedAvg, aggregation: masked}

      By default a coordinator and the workers are started on this machine, and the job's rows are dealt among them; with \
      workers: [{name: bank-a, file: a.csv}, …] each has its own table, and with "coordinator: wss://HOST:PORT" and \
      --identity the job goes to a coordinator that runs already. Then data names the target alone: {target: column}.

      With "privacy", a plain training is differentially private in each training row, by DP-SGD: rows are drawn at random, \
      each one's gradient is clipped, and noise hides the rest. Ranges and categories must be declared, and the training \
      loss is not told; after each epoch the ε spent so far is.

        privacy: {unit: example, clip: 1.0, targetEpsilon: 3, delta: 1e-5}   # or noiseMultiplier: 1.1

      With --ledger FILE, the training is taken from the data set's budget there before any noise is drawn, and refused \
      (exit code 4) when that does not suffice; with --owner from that of the owner's name, before any row is shared.

      With mode: federated the unit is the worker: updates are clipped, and the coordinator (aggregation: open) or the workers \
      themselves (masked, shared) add noise. Workers tell no figures; what holds against whom is printed.

        privacy: {unit: client, clip: {adaptive: {norm: 1.0}}, targetEpsilon: 8, delta: 1e-5}

      With mode: encrypted, the parties clip on shares and add the noise together; rows come in a public order, each once an \
      epoch, and reveal: loss is refused.

      clip: 1.0, {perLayer: 1.0} or {adaptive: {norm: 1.0, quantile: 0.5}}; accountant: pld or rdp.

      Writes report.json, model.tacit and curves.svg, and report.html where a coordinator was started here. Paths are relative to where the program is called.

      Example: tacit train job.yaml --json
      """)

  @Argument(help: "The job file (YAML).") var job: String
  @Option(help: "The seed, in place of the job's.") var seed: UInt64?
  @Option(help: "The folder for results, in place of the job's.") var output: String?
  @Flag(help: "Go on with an encrypted training that stopped, from its last checkpoint.") var resume = false
  @Option(help: "Share the rows of this owner with the job's cluster, and do nothing else.") var owner: String?
  @Option(help: "The folder of a client's certificate and key, for a job with a cluster.") var identity: String?
  @Option(help: "A folder that receives what a coordinator started here sees of the workers, for audits.")
  var record: String?
  @Option(help: "The ledger (a file) whose budget a private training is taken from.") var ledger: String?
  @Option(help: "The data set's name in the ledger; that of the job's set or file if there is none.") var dataset:
    String?
  @Flag(help: "Print one JSON object.") var json = false

  func run() async throws {
    let text = try JobFile.text(job)
    var job = try Job.parse(text)
    if let seed { job.training.seed = seed }
    let folder = output ?? job.output ?? "runs/train"
    if resume, job.mode != .encrypted {
      throw UsageError("--resume is for encrypted training: this job's mode is \(job.mode.rawValue)")
    }
    if let owner { return try await share(job, of: owner) }
    let report: TrainingReport
    switch job.mode {
    case .plain: report = try trainPlain(job, folder)
    case .encrypted: report = try await trainEncrypted(job, text, folder)
    case .federated: report = try await trainFederated(job, text, folder)
    }
    if json {
      try JSONOutput.print(report)
    } else {
      print(Self.text(report, folder: folder))
    }
  }

  private var versions: [String: String] { ["tacit": TacitVersion.current] }
  private var environment: [String: String] { ProcessInfo.processInfo.environment }

  private func trainPlain(_ job: Job, _ folder: String) throws -> TrainingReport {
    let line = ProgressLine()
    let budget = try ledger.map { try PrivacyLedger.existing(path: $0) }
    if budget != nil, job.privacy?.unit != .example {
      throw UsageError("--ledger is for private training: the job has no privacy with unit: example")
    }
    var reservation: Int?
    let result = try JobRunner(job, environment: environment, versions: versions).run(
      progress: { line.show(String(format: "epoch %d of %d, loss %.4f", $0.epoch, $0.epochs, $0.loss)) },
      spent: { spent in
        let text = String(
          format: "epoch %d of %d: ε = %.4f at δ = %.4g", spent.epoch, spent.epochs, spent.epsilon, spent.delta)
        if json { line.show(text) } else { print(text) }
      },
      reserve: { event in
        reservation = try budget?.reserve(event, of: dataset ?? job.datasetName, purpose: "train \(self.job)")
      })
    if let reservation { try budget?.commit(reservation) }
    line.clear()
    try result.report.write(to: folder)
    try TrainedModel.file(of: result, creator: "tacit train").save(to: folder + "/model.tacit")
    return result.report
  }

  private func trainEncrypted(_ job: Job, _ text: String, _ folder: String) async throws -> TrainingReport {
    let line = ProgressLine()
    let identity = try identity.map { try NodeIdentity.load(from: $0) }
    if !resume, let address = job.coordinator, let cluster = job.cluster {
      guard let identity else { throw UsageError("a job with a coordinator needs --identity: a client's folder") }
      line.show("waiting for the rows of the workers")
      _ = try await RowRequest(job, text: text, cluster: try ClusterFile.load(from: cluster))
        .run(to: address, as: identity)
    }
    let budget = try ledger.map { try PrivacyLedger.existing(path: $0) }
    if budget != nil, job.privacy == nil || job.hasSeparateOwners {
      throw UsageError("--ledger is for private training on rows that are here: this job is not private, or has none")
    }
    if budget != nil, resume {
      throw UsageError("--ledger goes without --resume: the run that stopped has reserved what is spent")
    }
    var reservation: Int?
    let trainer = EncryptedTrainer(
      job, environment: environment, versions: versions, executable: try Executable.path, folder: folder,
      identity: identity, waiting: { line.show("\($0)") })
    let outcome = try await trainer.run(
      resuming: resume,
      progress: { progress in
        let loss = progress.loss.map { String(format: ", loss %.4f", $0) } ?? ""
        line.show(
          String(
            format: "epoch %d of %d, %.0f %% of all%@", progress.epoch, progress.epochs, progress.share * 100, loss))
      },
      reserve: { event in
        reservation = try budget?.reserve(event, of: dataset ?? job.datasetName, purpose: "train \(self.job)")
      })
    if let reservation { try budget?.commit(reservation) }
    line.clear()
    try outcome.report.write(to: folder)
    if let result = outcome.result {
      try TrainedModel.file(of: result, creator: "tacit train").save(to: folder + "/model.tacit")
    }
    return outcome.report
  }

  private func trainFederated(_ job: Job, _ text: String, _ folder: String) async throws -> TrainingReport {
    let line = ProgressLine()
    let disclosure = job.disclosure
    if ledger != nil, !job.hidesClients {
      throw UsageError("--ledger is for private training: the job has no privacy with unit: client")
    }
    if ledger != nil, job.coordinator != nil {
      throw UsageError("--ledger is for a coordinator that is started here: a running one keeps its own")
    }
    let trainer = try FederatedTrainer(
      text, seed: seed, environment: environment, versions: versions, executable: try Executable.path, folder: folder,
      identity: try identity.map { try NodeIdentity.load(from: $0) }, record: record,
      ledger: ledger.map { ($0, dataset) })
    let result = try await trainer.run { news in
      switch news {
      case .accepted:
        line.clear()
        if !json { for (role, learns) in disclosure { print("the \(role) learns \(learns)") } }
      case .waiting(let present, let needed): line.show("waiting for workers: \(present.count) of \(needed) are here")
      case .delayed(let reason): line.show(reason)
      case .round(let round): line.show("\(JobReport.line(round)) of \(job.federated?.rounds ?? 0)")
      }
    }
    line.clear()
    try result.report.write(to: folder)
    try TrainedModel.file(of: result.asTrained, creator: "tacit train").save(to: folder + "/model.tacit")
    if job.coordinator == nil { try Self.writePage(to: folder) }
    return result.report
  }

  /// The page with the curves, from the state of the coordinator that was started here for one job.
  private static func writePage(to folder: String) throws {
    let database = try RunDatabase.existing(path: folder + "/run.sqlite")
    guard let job = try database.jobs().last else { return }
    try RunPage.report(of: job.id, in: database).write(
      toFile: folder + "/report.html", atomically: true, encoding: .utf8)
  }

  private func share(_ job: Job, of owner: String) async throws {
    guard let identity else { throw UsageError("--owner needs --identity: the folder of that owner's certificate") }
    let budget = try ledger.map { try PrivacyLedger.existing(path: $0) }
    if budget != nil, job.privacy == nil {
      throw UsageError("--ledger is for private training: the job has no privacy")
    }
    // Nobody here learns what becomes of shared rows: what their training releases is spent.
    let outcome = try await RowOwner(job, name: owner, identity: try NodeIdentity.load(from: identity)).run {
      let purpose = "rows in shares, train \(self.job)"
      if let number = try budget?.reserve($0, of: dataset ?? owner, purpose: purpose) { try budget?.commit(number) }
    }
    if json { return try JSONOutput.print(outcome) }
    print(
      "\(outcome.owner): \(outcome.rows) rows to train on and \(outcome.testRows) to judge by are shared, in "
        + "\(outcome.bytesSent) bytes")
  }

  private static func text(_ privacy: TrainingReport.PrivacyPart) -> String {
    String(
      format: "%-20@ ε = %.4f at δ = %.4g in each %@, neighbours %@, by accountant %@; noise %.4f, %d steps",
      "privacy" as NSString, privacy.epsilon, privacy.delta, privacy.unit.rawValue as NSString,
      privacy.neighbours.rawValue as NSString, privacy.accountant.rawValue as NSString, privacy.noiseMultiplier,
      privacy.steps)
  }

  /// What holds against whom.
  private static func text(_ observers: [TrainingReport.PrivacyPart.Observer]) -> String {
    observers.map { observer in
      let epsilon = observer.epsilon.map { String(format: "ε = %.4f", $0) } ?? "no privacy"
      return "against \(observer.who): \(epsilon); \(observer.because)"
    }.joined(separator: "\n")
  }

  private static func text(_ report: TrainingReport, folder: String) -> String {
    func line(_ name: String, _ value: Double?, _ format: String) -> String? {
      value.map { String(format: "%-20@ \(format)", name as NSString, $0) }
    }
    let lines = [
      report.data.rows > 0
        ? "\(report.data.source): \(report.data.train) rows to train on, \(report.data.test) to judge by"
        : "\(report.data.source), which nobody counted",
      report.data.leftOut.map {
        "no features, as the job declares neither a range nor categories of them: \($0.joined(separator: ", "))"
      },
      line("accuracy", report.accuracy, "%.4f"), line("AUC", report.auc, "%.4f"),
      line("mean squared error", report.meanSquaredError, "%.4f"), line("R²", report.rSquared, "%.4f"),
      line("last loss", report.loss.last, "%.4f"), report.privacy.map(Self.text),
      report.privacy?.observers.map(Self.text),
      line("seconds an epoch", report.secondsPerEpoch, "%.4f"),
      report.dealtBytes.map { String(format: "dealt, apart: %d bytes in %.2f s", $0, report.offlineSeconds ?? 0) },
      "\(folder)/model.tacit holds the model, \(folder)/report.json the figures, \(folder)/curves.svg the loss",
    ]
    return lines.compactMap { $0 }.joined(separator: "\n")
  }
}
