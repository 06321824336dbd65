(module
  (func
    (drop (i64.const 0x800000000000808a))
    (drop (i64.const 0x8000000080008000))
    (drop (i64.const 0x8000000080008081))
    (drop (i64.const 0x8000000000008009))
    (drop (i64.const 0x0000000080008009))
    (drop (i64.const 0x000000008000000a))
  )
  (func
    (drop (i64.const 0x1bd11bdaa9fc1a22))
  )
  (func
    (drop (i32.const 0xa2ded572))
    (drop (i32.const 0x67f815df))
    (drop (i32.const 0x0a15847b))
    (drop (i32.const 0x571523b7))
  ))
