(module (@custom "signature" (before first) "\01\01\01\00"))
