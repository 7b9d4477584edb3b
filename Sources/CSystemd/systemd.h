/* The parts of libsystemd that the daemon uses: sd_listen_fds(3), sd_notify(3),
   sd_watchdog_enabled(3), sd_journal_sendv(3). */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
