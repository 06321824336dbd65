(module
  (memory 1)
  (data (i32.const 1024) "cryptonight\00nonce\00difficulty\00"))
