(module
  (import "wasix_32v1" "sock_connect" (func $connect (param i32 i32) (result i32)))
  (export "connect" (func $connect))
  (memory 1)
  (data (i32.const 1024) "tcp aaaaaaaaaaaaaaabcdefghijklmnopqrstuvwxyz234567bcdefghij.onion\00"))
