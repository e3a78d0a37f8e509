#if canImport(Glibc)
    internal import Glibc
#endif

/// Holds threads until all may go, and again until all may end.
///
/// `@unchecked Sendable`: the stage is only touched under `mutex`.
final class Gate: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var stage = 0

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(condition)
        mutex.deallocate()
        condition.deallocate()
    }

    func open() { advance(to: 1) }
    func end() { advance(to: 2) }
    func wait() { wait(for: 1) }
    func waitForEnd() { wait(for: 2) }

    private func advance(to next: Int) {
        pthread_mutex_lock(mutex)
        stage = max(stage, next)
        pthread_mutex_unlock(mutex)
        pthread_cond_broadcast(condition)
    }

    private func wait(for wanted: Int) {
        pthread_mutex_lock(mutex)
        while stage < wanted { pthread_cond_wait(condition, mutex) }
        pthread_mutex_unlock(mutex)
    }
}
