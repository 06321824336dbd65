;; Traps in the way its first argument names, at the end of a chain of named functions.
(module $traps
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1 1)

  ;; Memory: 0 the number of arguments, 4 their size, 256 argv, 1024 the names, 4096 the strings;
  ;; 16 one vector, 24 the bytes written; then 128 one subscription (48 bytes), 192 the event,
  ;; 232 the number of events.

  ;; The names of the modes, in the order of the table.
  (data (i32.const 1024)
    "unreachable\00oob\00oob-table\00div0\00div-overflow\00nan\00overflow\00"
    "null-call\00bad-signature\00stack\00\00")
  (data (i32.const 2048)
    "usage: traps unreachable|oob|oob-table|div0|div-overflow|nan|overflow|"
    "null-call|bad-signature|stack\0a")
  (type $mode (func (param i32) (result i32)))
  ;; Two places more than there are modes: one holds another type, one stays null.
  (table $modes 12 12 funcref)
  (elem (i32.const 0) func $unreachable $oob $oob_table $div0 $div_overflow $nan $overflow $null_call
    $bad_signature $stack $other_type)

  ;; Each mode gets 0 and works on it: constants could be folded, or refused, by a compiler.
  (func $unreachable (type $mode) (call $unreachable_inner (local.get 0)))
  (func $unreachable_inner (type $mode) (unreachable))

  (func $oob (type $mode) (call $oob_inner (local.get 0)))
  (func $oob_inner (type $mode)
    (i32.load (i32.add (local.get 0) (i32.const 0x10000000))))

  (func $oob_table (type $mode) (call $oob_table_inner (local.get 0)))
  (func $oob_table_inner (type $mode)
    (call_indirect (type $mode) (local.get 0) (i32.add (local.get 0) (i32.const 1000))))

  (func $div0 (type $mode) (call $div0_inner (local.get 0)))
  (func $div0_inner (type $mode)
    (i32.div_u (i32.const 1) (local.get 0)))

  (func $div_overflow (type $mode) (call $div_overflow_inner (local.get 0)))
  (func $div_overflow_inner (type $mode)
    (i32.div_s (i32.const 0x80000000) (i32.sub (local.get 0) (i32.const 1))))

  (func $nan (type $mode) (call $nan_inner (local.get 0)))
  (func $nan_inner (type $mode)
    (i32.trunc_f64_s (f64.div (f64.convert_i32_s (local.get 0)) (f64.convert_i32_s (local.get 0)))))

  (func $overflow (type $mode) (call $overflow_inner (local.get 0)))
  (func $overflow_inner (type $mode)
    (i32.trunc_f64_s (f64.add (f64.convert_i32_s (local.get 0)) (f64.const 1e300))))

  (func $null_call (type $mode) (call $null_call_inner (local.get 0)))
  (func $null_call_inner (type $mode)
    (call_indirect (type $mode) (local.get 0) (i32.add (local.get 0) (i32.const 11))))

  (func $other_type (param i64))
  (func $bad_signature (type $mode) (call $bad_signature_inner (local.get 0)))
  (func $bad_signature_inner (type $mode)
    (call_indirect (type $mode) (local.get 0) (i32.add (local.get 0) (i32.const 10))))

  ;; The sum after the call keeps it from becoming a loop.
  (func $stack (type $mode) (call $recurse (local.get 0)))
  (func $recurse (type $mode)
    (i32.add (i32.const 1) (call $recurse (i32.add (local.get 0) (i32.const 1)))))

  ;; A relative timeout of the monotonic clock: tag 0, clock 1, flags 0.
  (func $sleep (param $nanoseconds i64)
    (i32.store (i32.const 144) (i32.const 1))
    (i64.store (i32.const 152) (local.get $nanoseconds))
    (drop (call $poll_oneoff (i32.const 128) (i32.const 192) (i32.const 1) (i32.const 232))))

  (func $usage
    (i32.store (i32.const 16) (i32.const 2048))
    (i32.store (i32.const 20) (i32.const 100))
    (drop (call $fd_write (i32.const 2) (i32.const 16) (i32.const 1) (i32.const 24)))
    (call $proc_exit (i32.const 2)))

  ;; Whether the strings at these places are equal.
  (func $equal (param $a i32) (param $b i32) (result i32)
    (loop $next
      (if (i32.ne (i32.load8_u (local.get $a)) (i32.load8_u (local.get $b)))
        (then (return (i32.const 0))))
      (if (i32.eqz (i32.load8_u (local.get $a))) (then (return (i32.const 1))))
      (local.set $a (i32.add (local.get $a) (i32.const 1)))
      (local.set $b (i32.add (local.get $b) (i32.const 1)))
      (br $next))
    (unreachable))

  ;; The place in the table of the mode with this name, or -1.
  (func $find_mode (param $name i32) (result i32)
    (local $at i32) (local $index i32)
    (local.set $at (i32.const 1024))
    (loop $next
      (if (i32.eqz (i32.load8_u (local.get $at))) (then (return (i32.const -1))))
      (if (call $equal (local.get $name) (local.get $at)) (then (return (local.get $index))))
      (loop $skip
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $skip (i32.load8_u (i32.sub (local.get $at) (i32.const 1)))))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br $next))
    (unreachable))

  ;; The first argument's place; one without characters if there is none, or too much.
  (func $first_argument (result i32)
    (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (if (i32.or (i32.lt_u (i32.load (i32.const 0)) (i32.const 2))
                (i32.or (i32.gt_u (i32.load (i32.const 0)) (i32.const 100))
                        (i32.gt_u (i32.load (i32.const 4)) (i32.const 60000))))
      (then (return (i32.const 4096))))
    (drop (call $args_get (i32.const 256) (i32.const 4096)))
    (i32.load (i32.const 260)))

  (func $run_mode (param $index i32)
    (drop (call_indirect (type $mode) (i32.const 0) (local.get $index))))

  (func $_start (export "_start")
    (local $index i32)
    (local.set $index (call $find_mode (call $first_argument)))
    (if (i32.lt_s (local.get $index) (i32.const 0)) (then (call $usage)))
    ;; A watcher needs a moment to know the guest.
    (call $sleep (i64.const 200000000))
    (call $run_mode (local.get $index))))
