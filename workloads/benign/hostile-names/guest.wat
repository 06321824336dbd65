;; Spins in functions that have no names here: the test kit appends a name section with
;; hostile ones (crates/testkit/src/hostile.rs), which this format cannot express.
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)

  ;; Function 1: monotonic time in nanoseconds.
  (func (result i64)
    (drop (call 0 (i32.const 1) (i64.const 1) (i32.const 8)))
    (i64.load (i32.const 8)))

  ;; Function 2: the work.
  (func
    (local $left i32)
    (local.set $left (i32.const 1000000))
    (loop $next
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))

  ;; Functions 3 to 9: each a frame with a hostile name above the work.
  (func (call 2))
  (func (call 3))
  (func (call 4))
  (func (call 5))
  (func (call 6))
  (func (call 7))
  (func (call 8))

  ;; Function 10: for 20 seconds, a stack of all of them.
  (func (export "_start")
    (local $until i64)
    (local.set $until (i64.add (call 1) (i64.const 20000000000)))
    (loop $next
      (call 9)
      (br_if $next (i64.lt_u (call 1) (local.get $until))))))
