internal import Tools
internal import Worker

/// Thrown by a tool that waits for an event: its task leaves the worker, and the call runs again when that has come.
struct EventPause: ToolPause {
    let suspension: TaskSuspension
}
