(module
  (memory 1)
  (data (i32.const 1024) "{\"method\":\"mining.subscribe\"}\00stratum+tcp://xmr.nanopool.org:14444\00cryptonight/r\00"))
