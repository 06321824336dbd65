(module (memory 4096))
