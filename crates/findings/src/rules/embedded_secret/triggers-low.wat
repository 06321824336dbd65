(module
  (memory 1)
  (data (i32.const 1024) "ftp://user:word@example.com/\00"))
