(module
  (memory 1)
  (data (i32.const 1024) "peer 203.0.112.9:4444\00"))
