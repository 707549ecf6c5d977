package import Learning
import Sharing

/// What rows are for.
package enum RowPart: String, Sendable, Codable, CaseIterable {
  case training
  /// The model is judged on them.
  case test
}

extension TrainingProgram {
  /// The scalars of one row, features and targets together; none where the program has no such rows.
  func rowWidth(of part: RowPart) -> Int {
    switch part {
    case .training: rowWidths.features + rowWidths.targets
    case .test: judging.map { rowWidths.features + $0.targetWidth } ?? 0
    }
  }
}

/// What a parcel of rows is.
package struct RowsHeader: Codable, Sendable {
  package var dataset: String
  package var part: RowPart
  /// The owner's place among all.
  package var owner: Int
  /// How many rows of this part came before; rows from 0 on take the place of what was there.
  package var start: Int
  package var rowCount: Int
  package var width: Int
  /// What their owner agrees to have revealed of a training on them.
  package var agreed: [Job.EncryptedPart.Revealed]
}

/// All rows of a training, as one party holds them.
package struct TrainingRows: Sendable {
  package var training: SharedRows
  package var test: SharedRows

  package init(training: SharedRows, test: SharedRows = SharedRows(width: 0)) {
    self.training = training
    self.test = test
  }

  subscript(part: RowPart) -> SharedRows {
    get {
      switch part {
      case .training: training
      case .test: test
      }
    }
    set {
      switch part {
      case .training: training = newValue
      case .test: test = newValue
      }
    }
  }
}
