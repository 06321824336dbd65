(module (memory 1 2 shared) (memory (export "memory") 1))
