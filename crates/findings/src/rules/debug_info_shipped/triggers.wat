(module (@custom ".debug_info" "x"))
