internal import FoundationEssentials

#if canImport(Glibc)
    internal import Glibc
#endif

/// What the kernel says about a process of this machine.
enum ProcessMeter {
    /// CPU time used so far, in seconds; nil when there is no such process, or no `/proc`.
    static func cpu(of pid: Int32) -> Double? {
        // All threads; schedstat of the process itself covers the first one only.
        guard let threads = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task") else {
            return nil
        }
        return threads.reduce(0) { sum, thread in
            let text = contents("/proc/\(pid)/task/\(thread)/schedstat")
            return sum + (text?.split(separator: " ").first.flatMap { Double($0) } ?? 0) / 1e9
        }
    }

    /// The most memory that the process has had resident, in bytes.
    static func peakMemory(of pid: Int32) -> Double? {
        contents("/proc/\(pid)/status")?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
            .flatMap { Double($0.split(whereSeparator: { $0 == " " || $0 == "\t" })[1]) }.map { $0 * 1024 }
    }

    static func name(of pid: Int32) -> String? {
        contents("/proc/\(pid)/comm").map { String($0.prefix { $0 != "\n" }) }
    }

    /// CPU time of the calling thread, in seconds.
    static func threadCPU() -> Double { time(of: CLOCK_THREAD_CPUTIME_ID) }

    /// CPU time of all threads of this process, those that have ended among them, in seconds.
    static func ownCPU() -> Double { time(of: CLOCK_PROCESS_CPUTIME_ID) }

    private static func time(of clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func contents(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
