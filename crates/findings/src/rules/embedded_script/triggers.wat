(module
  (memory 1)
  (data (i32.const 1024) "#!/bin/sh\0aecho hello\0a"))
