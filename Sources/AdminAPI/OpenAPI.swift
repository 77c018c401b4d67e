// The OpenAPI 3.1 document of the admin port, made from the routes.

import JSON
import Telemetry

/// `/v1/openapi.json`.
enum OpenAPI {
    static func document(of routes: [Route], version: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("openapi", "3.1.0")
            writer.member("info") { writer in
                writer.object { writer in
                    writer.member("title", "Trireme admin port")
                    writer.member("version", version)
                }
            }
            writer.member("paths") { writer in
                writer.object { writer in
                    for route in routes { writer.member(route.rawValue) { path(route, to: &$0) } }
                }
            }
            writer.member("components") { components(to: &$0) }
        }
        return writer.bytes
    }

    private static func path(_ route: Route, to writer: inout JSONWriter) {
        writer.object { writer in
            for method in ["get", "head", "post", "delete"] where route.takes(method.uppercased()) {
                writer.member(method) { operation(route, method, to: &$0) }
            }
        }
    }

    private static func operation(_ route: Route, _ method: String, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("operationId", "\(method)_\(route)")
            writer.member("summary", route.summary)
            writer.member("security") { writer in
                writer.array { writer in
                    guard route.admission == .admin || route.admission == .metrics else { return }
                    writer.object { $0.member("bearer") { $0.array { _ in } } }
                }
            }
            if route == .ready { writer.member("parameters") { checkParameter(to: &$0) } }
            if route == .failover {
                writer.member("requestBody") { body(["to": "string", "force": "boolean"], to: &$0) }
            }
            if route == .indexVerify || route == .indexRebuild {
                writer.member("requestBody") { body(["index": "string"], to: &$0) }
            }
            if route == .snapshot { writer.member("requestBody") { body(["wait": "boolean"], to: &$0) } }
            if route == .compact { writer.member("requestBody") { body(["parts": "string"], to: &$0) } }
            if route == .quiesce, method == "post" {
                writer.member("requestBody") { body(["seconds": "integer"], to: &$0) }
            }
            if let fields = route.memberFields { writer.member("requestBody") { body(fields, to: &$0) } }
            if route == .testCorrupt { writer.member("requestBody") { body(["key": "string"], to: &$0) } }
            if route == .repair { writer.member("requestBody") { body(["force": "boolean"], to: &$0) } }
            writer.member("responses") { responses(route, to: &$0) }
        }
    }

    private static func checkParameter(to writer: inout JSONWriter) {
        writer.array { writer in
            writer.object { writer in
                writer.member("name", "check")
                writer.member("in", "query")
                writer.member("required", false)
                writer.member("schema") { writer in
                    writer.object { writer in
                        writer.member("type", "string")
                        writer.member("enum") { writer in
                            writer.array { writer in
                                writer.value("leader")
                                writer.value("reads")
                            }
                        }
                    }
                }
            }
        }
    }

    /// An object of optional fields, by name and type.
    private static func body(_ fields: KeyValuePairs<String, String>, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("required", false)
            content("application/json", to: &writer) { writer in
                writer.object { writer in
                    writer.member("type", "object")
                    writer.member("additionalProperties", false)
                    writer.member("properties") { writer in
                        writer.object { writer in
                            for (name, type) in fields { property(name, type: type, to: &writer) }
                        }
                    }
                }
            }
        }
    }

    private static func property(_ name: String, type: String, to writer: inout JSONWriter) {
        writer.member(name) { writer in writer.object { $0.member("type", type) } }
    }

    private static func responses(_ route: Route, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("200") { writer in
                writer.object { writer in
                    writer.member("description", "Done.")
                    content(route.contentType, to: &writer) { writer in
                        writer.object {
                            $0.member("type", route.contentType == "application/json" ? "object" : "string")
                        }
                    }
                }
            }
            for (status, text) in route.otherStatuses {
                writer.member("\(status)") { writer in
                    writer.object { writer in
                        writer.member("description", text)
                        content("application/json", to: &writer) { writer in
                            writer.object { writer in
                                let schema = status == 503 && route.isGet ? "Readiness" : "Error"
                                writer.member("$ref", "#/components/schemas/\(schema)")
                            }
                        }
                    }
                }
            }
        }
    }

    private static func content(
        _ type: String, to writer: inout JSONWriter, schema: (inout JSONWriter) -> Void
    ) {
        writer.member("content") { writer in
            writer.object { writer in
                writer.member(type) { writer in writer.object { $0.member("schema", schema) } }
            }
        }
    }

    private static func components(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("securitySchemes") { writer in
                writer.object { writer in
                    writer.member("bearer") { writer in
                        writer.object { writer in
                            writer.member("type", "http")
                            writer.member("scheme", "bearer")
                        }
                    }
                }
            }
            writer.member("schemas") { writer in
                writer.object { writer in
                    writer.member("Readiness") { writer in writer.object { $0.member("type", "object") } }
                    writer.member("Error") { errorSchema(to: &$0) }
                }
            }
        }
    }

    private static func errorSchema(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("type", "object")
            writer.member("properties") { writer in
                writer.object { writer in
                    writer.member("error") { writer in
                        writer.object { writer in
                            writer.member("type", "object")
                            writer.member("properties") { writer in
                                writer.object { writer in
                                    for name in ["code", "message", "remedy"] {
                                        property(name, type: "string", to: &writer)
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

extension Route {
    fileprivate var contentType: String {
        switch self {
        case .metrics: "text/plain"
        case .page: "text/html"
        case .script: "text/javascript"
        case .style: "text/css"
        default: "application/json"
        }
    }

    /// Statuses besides 200, apart from those that any malformed request can get.
    fileprivate var otherStatuses: [(Int, String)] {
        var statuses: [(Int, String)] = []
        if !isGet, self != .reload {
            statuses += [(400, "The body is not valid.")]
        }
        if admission == .admin || admission == .metrics {
            statuses += [
                (401, "No token, or one that is not valid."), (403, "Not allowed with this token or address."),
            ]
        }
        if self == .join { statuses += [(401, "No join token."), (403, "Expired, or for another node.")] }
        if self == .failover { statuses += [(404, "No such node.")] }
        if !isGet {
            statuses += [
                (409, "Refused, and nothing changed."), (500, "Begun and failed."), (503, "Too many operations wait."),
                (504, "Not over in time; may still come about."),
            ]
        }
        if self == .vitals { statuses += [(503, "The node serves nobody; the body says why.")] }
        if [.ready, .readyLeader, .readyReads].contains(self) { statuses += [(503, "Not ready; the body says why.")] }
        return statuses
    }
}
