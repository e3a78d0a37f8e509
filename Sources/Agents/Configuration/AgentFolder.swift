internal import Documents
internal import FoundationEssentials

/// A folder of agents: `agents/*.json`, `*.yaml` and `*.yml`, and their prompts in `prompts/*.md`.
///
/// The configurations may also stand in the folder itself, or in `agent_configs`, where the original framework has them;
/// `prompts` is a folder beside them or beside their folder.
public struct AgentFolder: Sendable {
    /// An agent and the file that it was read from.
    public struct Entry: Sendable, Hashable {
        public let file: String
        public let config: AgentConfig
    }

    /// The agents that could be read, by the names of their files.
    public let entries: [Entry]
    /// All that is wrong, in the same order.
    public let issues: [AgentConfigIssue]

    private static let mostFiles = 10_000

    /// Reads a folder, or one file.
    public init(reading path: String, vocabulary: AgentVocabulary = .any) {
        var entries: [Entry] = []
        var issues: [AgentConfigIssue] = []
        do {
            for file in try Self.files(path) {
                do {
                    entries.append(Entry(file: file, config: try Self.file(file, vocabulary: vocabulary)))
                } catch {
                    issues += error.issues
                }
            }
        } catch {
            issues.append(AgentConfigIssue(file: path, message: error.message, advice: error.advice))
        }
        var first: [String: String] = [:]
        for entry in entries {
            if let other = first[entry.config.name] {
                issues.append(
                    AgentConfigIssue(
                        file: entry.file, pointer: "/name",
                        message: "\(other) has an agent \"\(entry.config.name)\", too",
                        advice: "Give each agent a name of its own."))
            } else {
                first[entry.config.name] = entry.file
            }
        }
        self.entries = entries
        self.issues = issues
    }

    /// The agents of a folder, or of one file.
    ///
    /// Throws `AgentConfigError` with all that is wrong in any of the files.
    public static func load(
        _ path: String, vocabulary: AgentVocabulary = .any
    ) throws(AgentConfigError) -> [AgentConfig] {
        let folder = AgentFolder(reading: path, vocabulary: vocabulary)
        guard folder.issues.isEmpty else { throw AgentConfigError(folder.issues) }
        return folder.entries.map(\.config)
    }

    private static func files(_ path: String) throws(DocumentFile.Failure) -> [String] {
        guard DocumentFile.isFolder(path) else {
            guard isConfiguration(path) else {
                throw DocumentFile.Failure(
                    DocumentFile.realPath(path) == nil
                        ? "there is no such folder" : "is no folder, and no configuration",
                    "Name a folder with agents/*.json, or one file that ends with .json, .yaml or .yml.")
            }
            return [path]
        }
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        let folders = [trimmed + "/agents", trimmed + "/agent_configs", trimmed]
        let folder = folders.first { DocumentFile.isFolder($0) } ?? trimmed
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw DocumentFile.Failure("cannot be read: \(error)")
        }
        let files = names.filter { isConfiguration($0) && !$0.hasPrefix(".") }.sorted()
        guard !files.isEmpty else {
            throw DocumentFile.Failure(
                "there is no agent in \(folder)", "Put a file there that ends with .json, .yaml or .yml.")
        }
        guard files.count <= mostFiles else {
            throw DocumentFile.Failure("there are over \(mostFiles) files in \(folder)")
        }
        return files.map { folder + "/" + $0 }
    }

    private static func isConfiguration(_ path: String) -> Bool {
        [".json", ".yaml", ".yml"].contains { path.hasSuffix($0) }
    }

    /// Reads one file.
    static func file(_ path: String, vocabulary: AgentVocabulary) throws(AgentConfigError) -> AgentConfig {
        let issues = IssueList(file: path)
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let own = slash.map { path[path.index(after: $0)...] } ?? path[...]
        let name = own.lastIndex(of: ".").map { String(own[..<$0]) }
        do {
            let text = try DocumentFile.text(path, within: folder)
            let document = try path.hasSuffix(".json") ? JSONDocument.parse(text) : YAMLDocument.parse(text)
            return try AgentConfig(document, name: name, vocabulary, issues, prompts: prompts(beside: folder))
        } catch let error as DocumentFile.Failure {
            issues.add("", error.message, error.advice)
            throw AgentConfigError(issues.configIssues)
        } catch {
            throw error as? AgentConfigError ?? AgentConfigError(issues.configIssues)
        }
    }

    /// `prompts` in the folder of the configuration, else beside that folder.
    private static func prompts(beside folder: String) -> PromptFolder {
        let parent = folder == "." ? ".." : folder + "/.."
        let isBeside = !DocumentFile.isFolder(folder + "/prompts") && DocumentFile.isFolder(parent + "/prompts")
        let root = isBeside ? parent : folder
        return PromptFolder(path: named(root) + "/prompts", root: root)
    }

    /// `team/agents/..` as people write it.
    private static func named(_ path: String) -> String {
        guard path.hasSuffix("/.."), path != "../.." else { return path }
        let folder = path.dropLast(3)
        guard !folder.isEmpty, !folder.hasSuffix("..") else { return path }
        return folder.lastIndex(of: "/").map { $0 == folder.startIndex ? "/" : String(folder[..<$0]) } ?? "."
    }
}
