// Lines of progress while a phase of a restore takes its time.

import ArchiveRestore
import Vocabulary

final class RestoreFollower {
    private let say: (String) -> Void
    private var phase: RestorePhase?
    private var pace = LinePace()

    init(say: @escaping (String) -> Void) { self.say = say }

    func hear(_ step: RestoreProgress) {
        if step.phase != phase { (phase, pace) = (step.phase, LinePace()) }
        guard pace.isDue() else { return }
        let seconds = pace.elapsed / .seconds(1)
        let share = step.total > 0 ? min(1, Double(step.done) / Double(step.total)) : 0
        let left = share > 0 ? seconds * (1 - share) / share : 0
        let rate = seconds > 0 ? Int(Double(step.done) / seconds) : 0
        let done =
            switch step.phase {
            case .download:
                "\(ByteCount(step.done).rough) of \(ByteCount(step.total).rough), \(ByteCount(rate).rough)/s"
            case .load: "\(step.done) of \(step.total) records, \(rate) a second"
            default: "\(step.done) of at most \(step.total) entries, \(rate) a second"
            }
        say("\(step.phase.rawValue): \(done), about \(RoughTime.text(seconds: left)) left")
    }
}
