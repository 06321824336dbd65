(module
  (memory 1)
  (data (i32.const 1024) "tcp aaaaaaaaaaaaaaaabcdefghijklmnopqrstuvwxyz234567bcdefghij.onion\00"))
