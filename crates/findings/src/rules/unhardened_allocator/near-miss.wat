(module
  (memory 1)
  (func $mi_malloc (param i32) (result i32) (i32.const 0)))
