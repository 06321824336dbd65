(module
  (memory 1)
  (func $wee_alloc::alloc_first_fit (param i32) (result i32) (i32.const 0)))
