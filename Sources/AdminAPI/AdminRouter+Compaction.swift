// Making disk and memory smaller: the body of the request.

import JSON
import Telemetry

extension AdminRouter {
    /// The body is empty, for all parts, or `{"parts": "snapshots,log,memory"}`.
    func compact(_ request: HTTPRequest) -> Outcome {
        do throws(JSONError) {
            var parts = Set(CompactionPart.allCases)
            for (name, value) in try AdminRouter.members(of: request.body) {
                guard case ("parts", .text(let text)) = (name, value) else {
                    throw JSONError(what: "a field that this request does not have, or no text", offset: 0)
                }
                let named = text.split(separator: ",").map { CompactionPart(rawValue: String($0)) }
                guard !named.isEmpty, !named.contains(nil) else {
                    throw JSONError(what: "\"parts\" names what there is not", offset: 0)
                }
                parts = Set(named.compactMap { $0 })
            }
            return .ask(.compact(parts))
        } catch {
            return AdminRouter.badBody(error, remedy: #"send nothing, or {"parts": "snapshots,log,memory"}"#)
        }
    }
}
