(module
  (memory 1)
  (data (i32.const 1024) "mining.subscribe\00mining.authorize\00"))
