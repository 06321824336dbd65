(module
  (memory 1)
  (data (i32.const 1024) "read %s%n\00"))
