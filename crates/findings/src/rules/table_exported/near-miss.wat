(module (table (export "__externref_table") 1 externref) (table 1 funcref))
