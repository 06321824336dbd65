(module
  (memory 1)
  (data (i32.const 1024) "AKI" "A" "Q2W3E4R5T6Y7U2I3" "\00"))
