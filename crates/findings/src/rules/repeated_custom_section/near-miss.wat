(module (@custom "producers" "\00") (@custom "producers2" "\00") (@custom "producers2" "\00"))
