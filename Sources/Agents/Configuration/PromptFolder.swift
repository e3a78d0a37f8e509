internal import Documents
internal import FoundationEssentials
internal import JSON

/// Where prompt files stand: a folder `prompts`.
struct PromptFolder {
    /// Its path, and how it is named in messages.
    let path: String
    /// What the folder itself must lie in.
    let root: String

    private func advice(for name: String) -> String {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let names = files.filter { $0.hasSuffix(".md") }.map { String($0.dropLast(3)) }.sorted()
        if let near = Spelling.nearest(to: name, in: names) { return "Did you mean \"\(near)\"?" }
        return names.isEmpty ? "Put the file there." : "There are \(names.prefix(20).joined(separator: ", "))."
    }

    /// Reads a prompt and fills in its parameters. What is wrong is noted at `/system_prompt`.
    func render(_ reference: PromptReference, issues: IssueList) -> String? {
        let place = "/system_prompt/file"
        let name = reference.file.hasSuffix(".md") ? String(reference.file.dropLast(3)) : reference.file
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), !name.utf8.contains(0)
        else {
            issues.add(
                place, "\"\(reference.file)\" leads out of the folder \(path)",
                "Name a file in it, as \"writer\" for \(path)/writer.md.")
            return nil
        }
        let file = "\(path)/\(name).md"
        let text: String
        do throws(DocumentFile.Failure) {
            guard let real = DocumentFile.realPath(path) else {
                throw DocumentFile.Failure(
                    "cannot be read: there is no folder \(path)", "Make it, and put the file there.")
            }
            guard let root = DocumentFile.realPath(root), real.hasPrefix(root == "/" ? root : root + "/") else {
                throw DocumentFile.Failure("leads out of \(root)", "The folder prompts may not be a link to elsewhere.")
            }
            guard DocumentFile.realPath(file) != nil else {
                throw DocumentFile.Failure("does not exist", advice(for: name))
            }
            text = try DocumentFile.text(file, within: path)
        } catch {
            issues.add(place, "\(file) \(error.message)", error.advice)
            return nil
        }
        do {
            return try PromptTemplate(text).render(reference.params, file: file, issues: issues)
        } catch {
            issues.add(place, "\(file): \(error.message)", error.advice)
            return nil
        }
    }
}
