#include <stdio.h>

int main(void) {
    puts("Hello from a short-lived guest.");
    return 0;
}
