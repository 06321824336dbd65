;; Hands out what keeps its memory in order: the stack pointer, and the table of its functions.
(module $exposed_stack
  (memory (export "memory") 2)
  (global $__stack_pointer (export "__stack_pointer") (mut i32) (i32.const 65536))
  (table $__indirect_function_table (export "__indirect_function_table") 2 2 funcref)
  (elem (i32.const 1) func $greet)

  (func $greet)

  (func (export "_start")
    (global.set $__stack_pointer (i32.sub (global.get $__stack_pointer) (i32.const 16)))
    (call_indirect (i32.const 1))
    (global.set $__stack_pointer (i32.add (global.get $__stack_pointer) (i32.const 16)))))
