(component
  (component $inner (import "run" (func $run)) (export "run" (func $run)))
  (core module $m (func (export "run")))
  (core instance $i (instantiate $m))
  (func $run (canon lift (core func $i "run")))
  (instance $api (instantiate $inner (with "run" (func $run))))
  (export "wasi:cli/run@0.2.0" (instance $api)))
