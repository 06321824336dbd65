(module (@custom "producers" "\00") (@custom "producers" "\00"))
