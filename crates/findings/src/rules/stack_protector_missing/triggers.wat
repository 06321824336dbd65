(module
  (global $__stack_pointer (mut i32) (i32.const 66560))
  (memory 2)
  (func $copy_input (export "copy_input") (param $from i32)
    (global.set $__stack_pointer (i32.sub (global.get $__stack_pointer) (i32.const 16)))
    (memory.copy (global.get $__stack_pointer) (local.get $from) (i32.const 32))
    (global.set $__stack_pointer (i32.add (global.get $__stack_pointer) (i32.const 16)))))
