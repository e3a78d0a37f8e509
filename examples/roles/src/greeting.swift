/// What a visitor is told.
func greeting(for name: String) -> String {
    "Hello, \(name)"
}
