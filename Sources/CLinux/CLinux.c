/* Every function here is inline, in include/CLinux.h; SwiftPM wants a source file. */
#include "CLinux.h"
