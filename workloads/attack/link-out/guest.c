/* Makes a symbolic link that leads out of its directory. Nobody follows it; whoever runs the guest removes the directory. */
#include "watched.h"

#include <unistd.h>

static VISIBLE int make_link(void) {
    return symlink("../../../etc", "innocent");
}

int main(void) {
    wait_to_be_known();
    int made = make_link();
    printf("made: %d\n", made);
    unlink("innocent");
    return made != 0;
}
