// Holding a node's files still: the bodies of the requests.

import JSON
import Telemetry

extension AdminRouter {
    /// How long files may be held.
    static let holdSeconds = 1...300
    static let holdSecondsStandard = 30

    /// `POST` with an empty body or `{"seconds": 30}`; `DELETE` ends it.
    func quiesce(_ request: HTTPRequest) -> Outcome {
        if request.method == "DELETE" { return .ask(.endQuiesce) }
        do throws(JSONError) {
            var seconds = AdminRouter.holdSecondsStandard
            for (name, value) in try AdminRouter.members(of: request.body) {
                switch (name, value) {
                case ("seconds", .number(let number)):
                    guard let whole = Int(exactly: number), AdminRouter.holdSeconds.contains(whole) else {
                        throw JSONError(what: "\"seconds\" is not from 1 to 300", offset: 0)
                    }
                    seconds = whole
                case ("seconds", _): throw JSONError(what: "\"seconds\" is not a number", offset: 0)
                default: throw JSONError(what: "a field that this request does not have", offset: 0)
                }
            }
            return .ask(.quiesce(seconds: seconds))
        } catch {
            return AdminRouter.badBody(error, remedy: #"send nothing, or {"seconds": 30}"#)
        }
    }
}
