(module
  (memory 1)
  (data (i32.const 1024) "see #!/bin/sh\0a"))
