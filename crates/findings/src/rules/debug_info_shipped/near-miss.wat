(module (@custom ".debug_info" ""))
