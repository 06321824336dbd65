(component
 (component $inner
  (core module $im
   (memory (export "mem") 1)
   (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 64)
   (func $take_string (export "take") (param i32 i32)))
  (core instance $i (instantiate $im))
  (func (export "take") (param "s" string)
   (canon lift (core func $i "take") (memory (core memory $i "mem")) (realloc (core func $i "realloc")))))
 (instance $inner (instantiate $inner))
 (core module $libm
   (memory (export "mem") 1)
   (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 64))
 (core instance $lib (instantiate $libm))
 (alias export $inner "take" (func $take))
 (core func $take_lowered (canon lower (func $take) (memory (core memory $lib "mem")) (realloc (core func $lib "realloc"))))
 (core module $m
 (import "x" "take" (func $take (param i32 i32)))
 (func $run_inner (export "run") (result i32) (loop $l (call $take (i32.const 0) (i32.const 4)) (br $l)) (i32.const 0)))
 (core instance $i (instantiate $m (with "x" (instance (export "take" (func $take_lowered))))))
 (func $run (result (result)) (canon lift (core func $i "run")))
 (instance $inst (export "run" (func $run)))
 (export "wasi:cli/run@0.2.0" (instance $inst)))
