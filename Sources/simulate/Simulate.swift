import Simulation
import Platform
@main struct S { static func main() {
  let a = CommandLine.arguments
  let from = UInt64(a[1])!, to = UInt64(a[2])!
  let bug = a.count > 3 ? PlantedBug(rawValue: a[3]) : nil
  let lines = a.count > 4 ? Int(a[4])! : 0
  var sum = RunFigures()
  for s in from...to {
    let r = Schedule(seed: s).run(bug: bug, traceLines: lines)
    sum += r.figures
    if let v = r.violation { for l in r.trace.suffix(lines) { print(l) }; print(r.summary, String("\(v)".prefix(530))) ; if lines > 0 {break} }
  }
  print(sum)
} }
