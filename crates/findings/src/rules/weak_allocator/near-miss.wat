(module
  (memory 1)
  (func $dlmalloc (param i32) (result i32) (i32.const 0)))
