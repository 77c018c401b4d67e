// What libFuzzer calls (llvm.org/docs/LibFuzzer.html). `Tests/fuzz` links it; in every other build nobody calls it.

import Platform

/// The program's name is the target's: `Tests/fuzz` makes a link for each.
private let chosen: FuzzTarget = {
    let path = CommandLine.arguments.first ?? ""
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    guard let target = FuzzTarget.named(name) else {
        StandardStreams.writeError("no target is called \(name); there are:\n")
        for target in FuzzTarget.all { StandardStreams.writeError("\(target.name)\n") }
        ThisProcess.exit(64)
    }
    return target
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count <= chosen.lengthMax else { return -1 }
    // libFuzzer's bytes live through the call.
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    do {
        try chosen.check(bytes)
    } catch {
        fatalError("\(chosen.name): \(error)")
    }
    return 0
}
