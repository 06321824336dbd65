(module (memory 4095))
