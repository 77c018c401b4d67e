// Which arguments of a command are keys.

import RESP

extension CommandSpec {
    /// Calls `body` with the keys among the arguments, until it returns true. Nil when the command names none: it is
    /// about all of them.
    func anyKey(of arguments: borrowing Arguments, _ body: (RawSpan) -> Bool) -> Bool? {
        if flags.contains(.movablekeys) { return anyMovableKey(of: arguments, body) }
        guard firstKey > 0, keyStep > 0 else { return nil }
        let last = lastKey < 0 ? arguments.count + lastKey : lastKey - 1
        var position = firstKey - 1
        while position <= min(last, arguments.count - 1) {
            if body(arguments[position]) { return true }
            position += keyStep
        }
        return false
    }

    /// Those that stand behind their number, and a destination before it.
    private func anyMovableKey(of arguments: borrowing Arguments, _ body: (RawSpan) -> Bool) -> Bool {
        // Of those that may wait, the time stands first.
        let start = max(firstKey, flags.contains(.blocking) ? 1 : 0)
        for position in 0..<min(start, arguments.count) where body(arguments[position]) { return true }
        guard start < arguments.count, let number = DecimalText.integer(in: arguments[start]), number > 0 else {
            return false
        }
        for position in start + 1..<arguments.count where position - start <= number {
            if body(arguments[position]) { return true }
        }
        return false
    }
}
