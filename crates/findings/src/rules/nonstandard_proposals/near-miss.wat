(module (memory 1 2 shared) (memory i64 1))
