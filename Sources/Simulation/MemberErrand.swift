// What an operator wants of the members, and asks for until it is so, or until he gives up.

/// One thing that shall be. Nodes are named by their positions.
enum MemberAim: Hashable, Sendable {
    case voter(Int)
    case learner(Int)
    case gone(Int)
    case replaced(Int, by: Int)

    /// Who comes, if somebody does.
    var newcomer: Int? {
        switch self {
        case .voter(let node), .learner(let node), .replaced(_, by: let node): node
        case .gone: nil
        }
    }
}

/// Aims that are pursued one after the other.
struct MemberErrand: Sendable {
    var aims: [MemberAim]
    /// When he gives up, and takes out again who did not get far enough.
    var deadline: Int64
    /// Somebody's disk is gone for good: there is no giving up.
    var isVital = false
    /// Who comes may come with the disk that it had.
    var keepsDisk = false
    var hasBegun = false
    /// Nobody is waited for any longer; what is left is to clear up.
    var isGivenUp = false
}
