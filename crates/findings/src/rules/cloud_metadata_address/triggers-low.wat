(module
  (memory 1)
  (data (i32.const 1024) "http://169.254.169.254/latest/\00"))
