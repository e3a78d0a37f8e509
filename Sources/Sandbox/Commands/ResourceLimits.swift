/// What a command may use up; zero lifts a limit.
public struct ResourceLimits: Sendable, Hashable {
    /// Seconds of processor time, of each process.
    public var cpuSeconds: Int
    /// Megabytes of address space, of each process.
    public var memoryMegabytes: Int
    /// Megabytes that one file may grow to.
    public var fileMegabytes: Int
    /// Open files, of each process.
    public var openFiles: Int
    /// Processes and threads of the command together.
    public var processes: Int

    public init(
        cpuSeconds: Int = 300, memoryMegabytes: Int = 4096, fileMegabytes: Int = 256, openFiles: Int = 1024,
        processes: Int = 128
    ) {
        self.cpuSeconds = cpuSeconds
        self.memoryMegabytes = memoryMegabytes
        self.fileMegabytes = fileMegabytes
        self.openFiles = openFiles
        self.processes = processes
    }
}
