import ArgumentParser
import Queue

/// The words for `TaskRequest.ConflictPolicy`.
enum ConflictRule: String, ExpressibleByArgument, CaseIterable, Sendable {
    case `return`, reject, replace, debounce

    var policy: TaskRequest.ConflictPolicy {
        switch self {
        case .return: .returnExisting
        case .reject: .reject
        case .replace: .replace
        case .debounce: .debounce
        }
    }
}
