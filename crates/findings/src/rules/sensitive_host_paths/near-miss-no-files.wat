(module
  (memory 1)
  (data (i32.const 1024) "/var/run/docker.sock\00/root/.ssh/id_rsa\00"))
