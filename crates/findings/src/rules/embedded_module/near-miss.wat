(module
  (memory 1)
  (data (i32.const 1024) "\00\61\73\6d\01\00\00\00"))
