(module
  (memory 1)
  (data (i32.const 1024) "ghp_" "a1B2c3D4e5F6a1B2c3D4e5F6a1B2c3D4e5F6" "\00"))
