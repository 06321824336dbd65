(module
  (;repeat 5;)(func (param $next i32)
    (loop $again
      (block $out
        (br_table $again $again $again $again $again $again $again $again
          $again $again $again $again $again $again $again $again $out (local.get $next)))
      (br_if $again (local.get $next))
      (br_if $again (local.get $next))
      (br_if $again (local.get $next))
      (br_if $again (local.get $next))
      (br_if $again (local.get $next))
      (br_if $again (local.get $next))
      (br_if $again (local.get $next))
      (br_if $again (local.get $next))))
  (;end;))
