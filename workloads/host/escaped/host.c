/* A runtime that a guest has taken over, in harmless forms: host LIBWASMTIME MODULE ACT...
 *
 * It runs MODULE with the shared library of Wasmtime, by the C API that all engines share (wasm.h), and offers each import as a
 * function of its own. The first call of any of them does what no import explains: each ACT touches this process, its own
 * children or nothing at all. One line per act: its name, what the last call gave, and errno. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of wasm.h, as far as it is used here. */
typedef struct {
    size_t size;
    void *data;
} vec;
typedef struct {
    uint8_t kind;
    union {
        int32_t i32;
        int64_t i64;
    } of;
} value;
typedef struct {
    size_t size;
    value *data;
} value_vec;
typedef void *callback(const value_vec *arguments, value_vec *results);

static void *library;

static void *need(const char *name) {
    void *found = dlsym(library, name);
    if (!found) {
        fprintf(stderr, "host: the library has no %s\n", name);
        exit(2);
    }
    return found;
}
#define CALL(NAME, RESULT, ...) ((RESULT(*)(__VA_ARGS__))need(#NAME))

/* Ends by itself, should its parent die. */
static int run_child(int (*work)(void)) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        alarm(5);
        _exit(work());
    }
    waitpid(child, &status, 0);
    return status;
}

static pid_t start_waiting(void) {
    pid_t child = fork();
    if (child == 0) {
        alarm(5);
        for (;;)
            pause();
    }
    return child;
}

static void end_waiting(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static int execute_shell(void) {
    return execl("/bin/sh", "sh", "-c", "true", (char *)NULL);
}

static long act_shell(void) {
    return run_child(execute_shell);
}

static long act_ptrace(void) {
    pid_t child = start_waiting();
    long result = ptrace(PTRACE_ATTACH, child, NULL, NULL);
    waitpid(child, NULL, WUNTRACED);
    ptrace(PTRACE_DETACH, child, NULL, NULL);
    end_waiting(child);
    return result;
}

static long act_vm_read(void) {
    uint64_t word = 7, copy = 0;
    struct iovec to = {&copy, sizeof copy}, from = {&word, sizeof word};
    pid_t child = start_waiting();
    long result = process_vm_readv(child, &to, 1, &from, 1, 0);
    end_waiting(child);
    return result;
}

static long act_proc_mem(void) {
    int file = open("/proc/self/mem", O_RDWR);
    close(file);
    return file;
}

static long act_connect(void) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int file = socket(AF_INET, SOCK_STREAM, 0), result = connect(file, (struct sockaddr *)&to, sizeof to), error = errno;
    close(file);
    errno = error;
    return result;
}

static long act_code(void) {
    long size = sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long result = mprotect(page, (size_t)size, PROT_READ | PROT_WRITE | PROT_EXEC);
    munmap(page, (size_t)size);
    return result;
}

static long act_memfd(void) {
    int file = (int)syscall(SYS_memfd_create, "stage", 0);
    close(file);
    return file;
}

static long act_unshare(void) {
    return unshare(CLONE_FS);
}

static long act_passwd(void) {
    int file = open("/etc/shadow", O_RDONLY);
    close(file);
    return file;
}

static const struct {
    const char *name;
    long (*act)(void);
} ACTS[] = {
    {"shell", act_shell},     {"ptrace", act_ptrace}, {"vm-read", act_vm_read}, {"proc-mem", act_proc_mem},
    {"connect", act_connect}, {"code", act_code},     {"memfd", act_memfd},     {"unshare", act_unshare},
    {"shadow", act_passwd},
};

static int act_count;
static char **act_names;

/* What stands for every import. All numbers that it gives are 0: success, for WASI. */
static void *escape(const value_vec *arguments, value_vec *results) {
    (void)arguments;
    static int done;
    if (!done++) {
        /* Until a watcher has recognised the workload. */
        usleep(1500000);
        for (int n = 0; n < act_count; n++) {
            for (size_t at = 0; at < sizeof ACTS / sizeof *ACTS; at++) {
                if (strcmp(act_names[n], ACTS[at].name) == 0) {
                    errno = 0;
                    long result = ACTS[at].act();
                    printf("%s %ld %d\n", act_names[n], result, errno);
                }
            }
        }
        fflush(stdout);
        usleep(300000);
        /* No guest of WASI ends by returning from `proc_exit`. */
        _exit(0);
    }
    for (size_t n = 0; n < results->size; n++)
        results->data[n].of.i64 = 0;
    return NULL;
}

static vec read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    vec bytes = {0, malloc(1 << 20)};
    if (!file || !bytes.data) {
        perror(path);
        exit(2);
    }
    bytes.size = fread(bytes.data, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

/* Instantiates the module with `escape` for each import and gives its exports. */
static vec instantiate(void *store, void *module) {
    vec types, exports;
    CALL(wasm_module_imports, void, void *, vec *)(module, &types);
    void **imports = calloc(types.size + 1, sizeof *imports);
    for (size_t n = 0; n < types.size; n++) {
        void *type = CALL(wasm_importtype_type, void *, void *)(((void **)types.data)[n]);
        void *of = CALL(wasm_externtype_as_functype, void *, void *)(type);
        void *function = CALL(wasm_func_new, void *, void *, void *, callback *)(store, of, escape);
        imports[n] = CALL(wasm_func_as_extern, void *, void *)(function);
    }
    vec list = {types.size, imports};
    void *instance = CALL(wasm_instance_new, void *, void *, void *, vec *, void **)(store, module, &list, NULL);
    if (!instance) {
        fprintf(stderr, "host: the module cannot be instantiated\n");
        exit(2);
    }
    CALL(wasm_instance_exports, void, void *, vec *)(instance, &exports);
    return exports;
}

int main(int count, char **arguments) {
    if (count < 4) {
        fprintf(stderr, "usage: host LIBWASMTIME MODULE ACT...\n");
        return 2;
    }
    library = dlopen(arguments[1], RTLD_NOW);
    if (!library) {
        fprintf(stderr, "host: %s\n", dlerror());
        return 2;
    }
    act_names = arguments + 3;
    act_count = count - 3;
    void *engine = CALL(wasm_engine_new, void *, void)();
    void *store = CALL(wasm_store_new, void *, void *)(engine);
    vec bytes = read_file(arguments[2]);
    void *module = CALL(wasm_module_new, void *, void *, vec *)(store, &bytes);
    if (!module) {
        fprintf(stderr, "host: %s is no module\n", arguments[2]);
        return 2;
    }
    vec exports = instantiate(store, module);
    value_vec nothing = {0, NULL};
    for (size_t n = 0; n < exports.size; n++) {
        void *function = CALL(wasm_extern_as_func, void *, void *)(((void **)exports.data)[n]);
        if (function)
            CALL(wasm_func_call, void *, void *, value_vec *, value_vec *)(function, &nothing, &nothing);
    }
    return 1;
}
