(module
  (memory 1)
  (data (i32.const 1024) "inflate 1.2.11 Copyright 1995-2017 Mark Adler \00"))
