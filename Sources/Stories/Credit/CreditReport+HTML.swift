import Foundation

extension CreditReport {
  /// A page that stands alone: no script, no font, no picture from elsewhere.
  public var html: String {
    let reached = goals.map { ($0.isReached ? "Reached: " : "Missed: ") + $0.sentence }
    return Page(
      title: "A credit application, decided on encrypted data",
      lead: """
        \(federated.workers) banks trained a model on \(data.train) applications, of which each kept its own. The model was cut into \
        shares for three parties. Then \(data.test) applications were shared among the parties and decided by them together. No \
        party saw an application, the model, or a decision.
        """,
      sections: [
        Page.Section(
          title: "Better together",
          text: """
            A coordinator averaged the banks' updates in \(federated.rounds) rounds and \(milliseconds(federated.seconds)). They were \
            masked: it saw their sums and never one of them (\(kilobytes(federated.bytesSent)) in all). Threat model: the coordinator \
            and fewer than a third of the banks may work together; with three banks that is none of them.
            """,
          picture: BarChart(
            bars: federated.aloneAccuracy.enumerated().map {
              .init("bank \($0 + 1) alone", $1, number($1, 3))
            } + [
              .init("together", federated.accuracy, number(federated.accuracy, 3)),
              .init("pooled rows", federated.pooledAccuracy, number(federated.pooledAccuracy, 3)),
            ], largest: 1, caption: "accuracy on the test applications, in the clear"
          ).svg),
        Page.Section(
          title: "The same decisions",
          text: """
            \(Int((encrypted.agreement * Double(encrypted.queries)).rounded())) of \(encrypted.queries) decisions are the \
            same; the probability differs by at most \(number(encrypted.maxAbsoluteError, 6)).
            """,
          picture: BarChart(
            bars: [
              .init("in the clear", plain.accuracy, number(plain.accuracy, 3)),
              .init("encrypted", encrypted.accuracy, number(encrypted.accuracy, 3)),
            ], largest: 1, caption: "accuracy on the test applications"
          ).svg),
        Page.Section(
          title: "What it costs",
          text: """
            All \(encrypted.queries) applications at once: \(encrypted.rounds) rounds and \(kilobytes(encrypted.bytesSent)) \
            between client and parties, exactly as planned (\(encrypted.planned.rounds) rounds, \
            \(kilobytes(encrypted.planned.bytesSent))).
            """,
          picture: BarChart(
            bars: [
              .init("one application", encrypted.secondsPerQuery, milliseconds(encrypted.secondsPerQuery)),
              .init("all at once", encrypted.secondsAllAtOnce, milliseconds(encrypted.secondsAllAtOnce)),
            ], largest: max(encrypted.secondsPerQuery, encrypted.secondsAllAtOnce), caption: "time to the answer"
          ).svg),
        Page.Section(
          title: "What each party saw",
          text: """
            One application, feature by feature. The applicant knows numbers; a party holds words that are uniformly \
            random whatever the application says. Threat model: semi-honest parties, of which no two collude.
            """,
          picture: ShareRaster(owner: views.first?.owner ?? [], shares: views.map { ("party \($0.party)", $0.share) })
            .svg),
        ways.section,
      ] + (cheatText.map { [Page.Section(title: "A party that cheats", text: $0, picture: "")] } ?? []),
      footer: """
        \(reached.joined(separator: ". ")). Data: \(data.source). Seed \(seed). Tacit \(versions["tacit"] ?? ""), \
        \(encrypted.protocol) sharing among \(encrypted.parties) parties over TLS 1.3.
        """
    ).html
  }
}
