internal import Glibc
internal import Linux

Interruption.install()
exit(HTTPControl.start().rawValue)
