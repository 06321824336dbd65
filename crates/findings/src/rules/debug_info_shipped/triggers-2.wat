(module (@custom "sourceMappingURL" "\05a.map"))
