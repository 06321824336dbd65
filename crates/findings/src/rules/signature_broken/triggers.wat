(module (@custom "signature" (before first) "\01"))
