#!/bin/busybox sh
# The first program of the virtual machine that tests/kernels.rs boots. Results go to the second serial port, so
# that nothing of the kernel's log gets between them:
#
#   === NAME STATUS
#   what the command printed
#   --- what it said on standard error
#   ===
/bin/busybox mkdir -p /bin /dev /proc /sys /tmp
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp RUST_BACKTRACE=0

mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tracefs tracefs /sys/kernel/tracing
mount -t securityfs securityfs /sys/kernel/security
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmp /tmp
exec </dev/null >/dev/console 2>&1
# Without this a line end becomes two bytes.
stty -F /dev/ttyS1 raw

run() {
    "$@" >"/tmp/$name.out" 2>"/tmp/$name.err"
    echo $? >"/tmp/$name.status"
}

show() {
    {
        echo "=== $name $(cat "/tmp/$name.status")"
        cat "/tmp/$name.out"
        echo "--- standard error"
        cat "/tmp/$name.err"
        echo "==="
    } >/dev/ttyS1
}

name=doctor
run wasmscope doctor --json
show

# The whole host, which here runs nothing else, while a guest spins. Emulation is slow: wait for what should
# appear, not for a time. The watch ends with its command.
name=watch
run wasmscope watch --json --duration 150 -- wasmtime run /guests/spin.wasm 15 &
watch=$!
workload=
for _ in $(seq 100); do
    name=ps
    run wasmscope ps --json
    workload=$(sed -n 's/.*"process.pid": \([0-9]*\).*/\1/p' /tmp/ps.out | head -n 1)
    # Compiled and instantiated.
    grep -q wasm.image.functions /tmp/ps.out && grep -q '"wasm.memory.size": [1-9]' /tmp/ps.out && break
    workload=
    kill -0 "$watch" || break
    sleep 0.2
done
show
if [ -n "$workload" ]; then
    name=inspect
    run wasmscope inspect "$workload" --json
    show
fi
wait "$watch"
name=watch
show

name=grow
run wasmscope watch --json --duration 100 -- wasmtime run /guests/grow.wasm
show

echo "=== end 0" >/dev/ttyS1
echo "===" >/dev/ttyS1
sync
poweroff -f
