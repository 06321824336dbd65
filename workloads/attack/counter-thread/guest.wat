;; Counts in shared memory without an end in sight, between two looks at the clock: what a thread would do that is another's clock.
(module $counter_thread
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1 1 shared)

  (func $count (param $times i32)
    (loop $again
      (drop (i32.atomic.rmw.add (i32.const 1024) (i32.const 1)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))

  (func (export "_start")
    (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 0)))
    (call $count (i32.const 10000000))
    (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 8)))))
