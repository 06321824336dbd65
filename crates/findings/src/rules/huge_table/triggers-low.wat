(module (table 1000001 funcref))
