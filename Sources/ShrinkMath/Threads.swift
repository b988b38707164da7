import COneDNN
import COpenBLAS

/// How many threads the numerical libraries and `Parallel` use, in one place.
package enum Threads {
  /// Sets OpenMP (oneDNN) and `Parallel` to `count` threads, at least one, for the whole process.
  ///
  /// OpenBLAS keeps to one: its own threads would wait for work while those of the others do it. Large products are cut
  /// into panels instead (`DoubleProduct`), and independent factorisations run side by side.
  package static func set(_ count: Int) {
    let threads = Int32(clamping: max(1, min(count, 1024)))
    shrink_set_threads(threads)
    openblas_set_num_threads(1)
  }

  /// Threads for work started here: 1 within a body of `Parallel.forEach`; by default the machine's processors.
  package static var count: Int { Int(shrink_threads()) }

  /// Does what a body of `Parallel.forEach` will do later: what is prepared here counts on one thread.
  static func asWorker<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let previous = shrink_worker_enter()
    defer { shrink_worker_leave(previous) }
    return try body()
  }
}
