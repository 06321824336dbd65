(module
  (memory 1)
  (data (i32.const 1024) "inflate 1.2.13 Copyright 1995-2022 Mark Adler \00"))
