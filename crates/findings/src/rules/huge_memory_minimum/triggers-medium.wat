(module (memory i64 65537))
