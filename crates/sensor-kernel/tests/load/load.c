/*
 * A process that does what its arguments say, one after the other, and then sleeps. Its busy code lies in a section of
 * its own, whose bounds it prints, so that a test knows where its samples must be.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

extern char __start_busy[], __stop_busy[];

static volatile unsigned long sink;

__attribute__((section("busy"), noinline)) static void burn(unsigned long rounds)
{
	for (unsigned long i = 0; i < rounds; i++)
		sink = sink * 31 + i;
}

/* The system call itself is here too, so that its return address is. */
__attribute__((section("busy"), noinline)) static void read_zeros(char *buffer, unsigned long bytes, int file)
{
	long result = SYS_read;

	__asm__ volatile("syscall" : "+a"(result) : "D"(file), "S"(buffer), "d"(bytes) : "rcx", "r11", "memory");
}

_Noreturn static void *burn_on(void *unused)
{
	(void)unused;
	for (;;)
		burn(1000000);
}

_Noreturn static void *call_on(void *unused)
{
	static char buffer[1 << 20];
	int file = open("/dev/zero", O_RDONLY);

	(void)unused;
	for (;;)
		read_zeros(buffer, sizeof(buffer), file);
}

_Noreturn static void *sleep_on(void *unused)
{
	(void)unused;
	for (;;)
		pause();
}

static long used_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return used.tv_sec * 1000000000L + used.tv_nsec;
}

static void *burn_for(void *milliseconds)
{
	do {
		burn(100000);
	} while (used_ns() < (long)milliseconds * 1000000);
	return NULL;
}

/* The same work again and again; says what CPU time each round took. */
_Noreturn static void work(long million)
{
	for (;;) {
		long start = used_ns();

		burn(million * 1000000);
		printf("round %ld\n", used_ns() - start);
		fflush(stdout);
	}
}

static void check(int good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

static void threads(void *(*body)(void *), long count)
{
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 * 1024);
	for (long i = 0; i < count; i++)
		check(!(errno = pthread_create(&thread, &small, body, NULL)), "pthread_create");
}

static void forks(long count)
{
	for (long i = 0; i < count; i++) {
		pid_t child = fork();

		check(child >= 0, "fork");
		if (!child)
			sleep_on(NULL);
		printf("child %d\n", child);
	}
}

int main(int count, char **arguments)
{
	sigset_t go;
	int got;

	sigemptyset(&go);
	sigaddset(&go, SIGUSR1);
	sigprocmask(SIG_BLOCK, &go, NULL);
	printf("busy %p %p\n", (void *)__start_busy, (void *)__stop_busy);
	for (int i = 1; i + 1 < count; i += 2) {
		const char *what = arguments[i];
		long amount = atol(arguments[i + 1]);
		pthread_t ending;

		if (!strcmp(what, "burn"))
			threads(burn_on, amount);
		else if (!strcmp(what, "swarm")) {
			for (long n = 0; n < amount; n++) {
				threads(burn_on, 1);
				usleep(300);
			}
		} else if (!strcmp(what, "work"))
			work(amount);
		else if (!strcmp(what, "call"))
			threads(call_on, amount);
		else if (!strcmp(what, "sleep"))
			threads(sleep_on, amount);
		else if (!strcmp(what, "fork"))
			forks(amount);
		else if (!strcmp(what, "private") || !strcmp(what, "shared")) {
			int kind = (*what == 'p' ? MAP_PRIVATE : MAP_SHARED) | MAP_ANONYMOUS | MAP_POPULATE;

			check(mmap(NULL, amount << 20, PROT_READ | PROT_WRITE, kind, -1, 0) != MAP_FAILED, "mmap");
		} else if (!strcmp(what, "open")) {
			struct rlimit limit;

			getrlimit(RLIMIT_NOFILE, &limit);
			limit.rlim_cur = limit.rlim_max;
			check(!setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
			for (long n = 0; n < amount; n++)
				check(open("/dev/null", O_RDONLY) >= 0, "open");
		} else if (!strcmp(what, "ended")) {
			check(!(errno = pthread_create(&ending, NULL, burn_for, (void *)amount)), "pthread_create");
			pthread_join(ending, NULL);
		} else if (!strcmp(what, "churn")) {
			for (;;) {
				check(!(errno = pthread_create(&ending, NULL, burn_for, (void *)amount)), "thread");
				pthread_join(ending, NULL);
			}
		} else if (!strcmp(what, "wait")) {
			sigwait(&go, &got);
		} else if (!strcmp(what, "child")) {
			if (!fork())
				burn_on(NULL);
		} else if (!strcmp(what, "exec")) {
			execl("/proc/self/exe", "load", "burn", arguments[i + 1], NULL);
		} else if (!strcmp(what, "leave")) {
			puts("ready");
			fflush(stdout);
			syscall(SYS_exit, 0); /* this thread alone */
		} else {
			fprintf(stderr, "what is %s?\n", what);
			return 2;
		}
	}
	puts("ready");
	fflush(stdout);
	sleep_on(NULL);
}
