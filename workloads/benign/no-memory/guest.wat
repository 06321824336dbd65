;; A module without memory: nothing to be found by the shape of its mappings.
(module $no_memory
  ;; A chain of multiplications that takes some 20 seconds when compiled. It is counted, not
  ;; timed: a clock would need memory to answer into. An interpreter takes many times longer.
  (func $f (export "f") (result i64)
    (local $left i64) (local $x i64)
    (local.set $left (i64.const 15000000000))
    (local.set $x (i64.const 1))
    (loop $next
      (local.set $x
        (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1442695040888963407)))
      (br_if $next (i64.ne (i64.const 0) (local.tee $left (i64.sub (local.get $left) (i64.const 1))))))
    (local.get $x))

  (func $_start (export "_start")
    (drop (call $f))))
