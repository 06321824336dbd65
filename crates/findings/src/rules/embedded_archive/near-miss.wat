(module
  (memory 1)
  (data (i32.const 1024) "\1f\8b\08\e0\00\00\00\00\00\03\cb\48\cd\c9\c9\07\00"))
