import Arithmetic

/// Where a party of a dealer's session stands: programs, their steps and the operations within, none of which comes twice.
struct DealtSteps {
  private let master: [UInt8]
  private var programs: [String: (generator: PseudorandomGenerator, nextStep: UInt32)] = [:]
  private var program: String
  private var step: UInt32 = 0
  private var operation: UInt32 = 0
  /// The party's keystream for the program.
  private(set) var generator: PseudorandomGenerator

  /// Begins with step 0 of a program.
  init(master: [UInt8], program: String) {
    self.master = master
    self.program = program
    generator = DealtKeys.generator(master: master, program: program)
    programs[program] = (generator, 1)
  }

  /// - Throws: ``SharingError/countersExhausted`` after 2³² − 1 steps; ``SharingError/stepUsed(program:step:)`` for a step
  ///   that was begun before.
  mutating func begin(_ program: String, at number: UInt32?) throws {
    let known = programs[program] ?? (DealtKeys.generator(master: master, program: program), 0)
    let step = number ?? known.nextStep
    guard step < .max else { throw SharingError.countersExhausted }
    guard step >= known.nextStep else { throw SharingError.stepUsed(program: program, step: step) }
    self.program = program
    self.step = step
    generator = known.generator
    operation = 0
    programs[program] = (known.generator, step + 1)
  }

  /// The place of the next operation.
  mutating func nextPlace() -> DealtPlace {
    defer { operation += 1 }
    return DealtPlace(program: program, step: step, operation: operation)
  }
}
