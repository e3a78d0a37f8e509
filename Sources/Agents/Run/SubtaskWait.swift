internal import Tools

/// Thrown by a tool that waits for subtasks: its task leaves the worker, and the call runs again when they have ended.
struct SubtaskWait: ToolPause {}
