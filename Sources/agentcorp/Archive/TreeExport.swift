import FoundationEssentials
import Postgres
import Queue

/// Copies ended trees into files, a line of JSON for each task, and deletes them afterwards if that is wanted.
///
/// A tree is deleted only when the file with it is complete, on disk and has its name, so a crash at any point loses
/// nothing; at worst a tree stands in two files.
struct TreeExport {
    let manager: TaskManager
    let target: ExportTarget
    let until: Date
    let queue: String?
    let outcome: String?
    let deletes: Bool
    let tasksPerFile: Int
    /// Called now and then with the number of tasks so far.
    let progress: (Int) -> Void

    struct Summary {
        var files: [String] = []
        var trees = 0
        var tasks = 0
        var deletedTrees = 0
        var deletedTasks = 0
    }

    private struct Batch {
        let file: GzipFile
        var trees: [EndedTrees] = []
        var tasks = 0
    }

    /// - Parameter after: The last root that an earlier run has exported.
    func run(after: Int64 = 0) async throws -> Summary {
        var summary = Summary()
        var batch: Batch?
        do {
            for shard in try await manager.exportShards() {
                var after = after
                while let trees = try await manager.endedTrees(
                    shard: shard, after: after, until: until, queue: queue, outcome: outcome)
                {
                    after = trees.reached
                    guard !trees.roots.isEmpty else { continue }
                    var current = try batch ?? Batch(file: target.begin())
                    batch = current
                    current.tasks += try await write(trees, to: current.file)
                    current.trees.append(trees)
                    batch = current
                    progress(summary.tasks + current.tasks)
                    if current.tasks >= target.tasksPerFile(tasksPerFile) {
                        batch = nil
                        try await finish(current, &summary)
                    }
                }
            }
        } catch {
            batch?.file.abandon()
            throw error
        }
        if let batch { try await finish(batch, &summary) }
        return summary
    }

    private func write(_ trees: EndedTrees, to file: GzipFile) async throws -> Int {
        let members = try await manager.members(of: trees)
        for start in stride(from: 0, to: members.count, by: 500) {
            let some = Array(members[start..<min(start + 500, members.count)])
            for document in try await manager.documents(shard: trees.shard, of: some) {
                try file.append(line: document.bytes)
            }
        }
        return members.count
    }

    private func finish(_ batch: Batch, _ summary: inout Summary) async throws {
        guard let first = batch.trees.first?.roots.first, let last = batch.trees.last?.roots.last else { return }
        let name = target.name(from: first, to: last)
        try batch.file.finish(as: name)
        summary.files.append(name)
        summary.trees += batch.trees.reduce(0) { $0 + $1.roots.count }
        summary.tasks += batch.tasks
        guard deletes else { return }
        for trees in batch.trees {
            let deleted = try await manager.delete(trees)
            summary.deletedTrees += deleted.trees
            summary.deletedTasks += deleted.tasks
        }
    }
}
