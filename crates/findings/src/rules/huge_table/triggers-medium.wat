(module (table 10000001 funcref))
