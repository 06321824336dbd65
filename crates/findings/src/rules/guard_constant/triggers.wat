(module
  (memory 1)
  (data (i32.const 1024) "\2a\2a\2a\2a")
  (global (export "__stack_chk_guard") i32 (i32.const 1024)))
