;; Grows its memory from 1 to 64 pages, one page every 100 ms, holds it, and exits.
(module $grow
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1 64)

  ;; Memory: 0 one subscription (48 bytes), 64 the event, 96 the number of events.
  ;; A relative timeout of the monotonic clock: tag 0, clock 1, flags 0.
  (func $sleep (param $nanoseconds i64)
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (local.get $nanoseconds))
    (drop (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 96))))

  ;; Grows by one page and writes to it, so that it also becomes resident.
  (func $grow_one_page (result i32)
    (local $page i32)
    (local.set $page (memory.grow (i32.const 1)))
    (if (i32.eq (local.get $page) (i32.const -1)) (then (return (i32.const 0))))
    (i32.store (i32.shl (local.get $page) (i32.const 16)) (i32.const 1))
    (i32.const 1))

  ;; 64 pages is the declared maximum: the growth after it is refused.
  (func $grow_to_maximum
    (loop $next
      (call $sleep (i64.const 100000000))
      (br_if $next (call $grow_one_page))))

  (func $_start (export "_start")
    (call $grow_to_maximum)
    (call $sleep (i64.const 5000000000))))
