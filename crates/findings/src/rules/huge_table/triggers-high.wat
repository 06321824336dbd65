(module (table i64 4294967297 funcref))
